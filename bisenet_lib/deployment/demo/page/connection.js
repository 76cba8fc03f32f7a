// The WebSocket to the server. It comes back by itself when the server does.

const AGAIN = 1500; // milliseconds

export class Connection {
  constructor({ opened, text, binary, lost }) {
    this.handlers = { opened, text, binary, lost };
    this.open();
  }

  open() {
    const address = new URL("socket", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.search = address.hash = "";
    this.socket = new WebSocket(address);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.handlers.opened();
    this.socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.handlers.text(JSON.parse(data));
      else this.handlers.binary(data);
    };
    this.socket.onclose = ({ code }) => {
      this.handlers.lost(code);
      setTimeout(() => this.open(), AGAIN);
    };
  }

  get ready() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  tell(message) {
    if (this.ready) this.socket.send(JSON.stringify(message));
  }

  send(blob) {
    if (this.ready) this.socket.send(blob);
    return this.ready;
  }
}
