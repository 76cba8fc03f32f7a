"""What every package needs: files written whole, work in parallel, signals, processes."""
