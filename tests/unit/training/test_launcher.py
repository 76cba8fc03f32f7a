"""Which devices a launch takes, and what Paddle's launcher is told of them."""

import os

import pytest

from bisenet_lib.common.processes import CUSTOM_DEVICE
from bisenet_lib.errors import InputError
from bisenet_lib.runtime import devices
from bisenet_lib.runtime.paddleseg_compat import paddle
from bisenet_lib.training.launcher import Plan


@pytest.fixture
def custom_devices(monkeypatch):
    """A stand-in for Paddle's list of devices, which is written in Paddle's own manner."""
    monkeypatch.delenv(CUSTOM_DEVICE, raising=False)
    selected = []
    monkeypatch.setattr(paddle.device, "set_device", selected.append)
    monkeypatch.setattr(paddle.device, "get_device", lambda: selected[-1])

    def answer(*names):
        kinds = list(dict.fromkeys(name.partition(":")[0] for name in names)) or ["custom_cpu"]
        monkeypatch.setattr(paddle.device, "get_all_custom_device_type", lambda: kinds)
        monkeypatch.setattr(paddle.device, "get_available_custom_device", lambda: list(names))

    return answer


def test_a_unit_has_a_number_also_where_it_is_the_only_one(custom_devices):
    custom_devices("custom_cpu")
    assert devices.available() == ["cpu", "custom_cpu:0"]
    custom_devices("custom_cpu:0", "custom_cpu:1")
    assert devices.available() == ["cpu", "custom_cpu:0", "custom_cpu:1"]


def test_a_plug_in_without_a_device_offers_none(custom_devices):
    custom_devices()
    with pytest.raises(InputError, match=r"device 'custom_cpu' is not there; .* finds cpu here"):
        devices.select("custom_cpu")
    assert devices.select("auto") == "cpu"


def test_auto_takes_a_custom_device_before_the_cpu(custom_devices, monkeypatch):
    custom_devices("custom_cpu:0", "custom_cpu:1", "other:0")
    assert devices.select("auto") == "custom_cpu"
    monkeypatch.setenv(CUSTOM_DEVICE, "other")
    assert devices.select("auto") == "other"
    assert devices.kind_of_auto(["cpu", "gpu:0", "custom_cpu:0"]) == "gpu"


@pytest.mark.parametrize("device", ["custom_cpu", "auto"])
def test_the_launcher_gets_the_name_of_the_device(custom_devices, monkeypatch, device):
    custom_devices("custom_cpu:0", "custom_cpu:1")
    plan = Plan(gpus="0,1", device=device)
    plan.check()
    assert plan.environment(os.environ, {})[CUSTOM_DEVICE] == "custom_cpu"
    monkeypatch.setenv(CUSTOM_DEVICE, "custom_cpu")
    assert CUSTOM_DEVICE not in Plan().environment(os.environ, {})
    assert CUSTOM_DEVICE not in Plan(gpus="0", device="gpu").environment(os.environ, {})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpus": "0,2", "device": "custom_cpu"}, "--gpus 0,2: custom_cpu:2 is not there; Paddle "),
        (
            {"gpus": "0,2"},
            "custom_cpu:2 is not there; Paddle finds cpu, custom_cpu:0, custom_cpu:1",
        ),
        ({"gpus": "0", "device": "gpu"}, "gpu:0 is not there"),
        ({"gpus": "1,1"}, "--gpus 1,1: a device is named twice"),
        ({"gpus": "0", "device": "cpu"}, "--device cpu with --gpus 0: give the kind of device"),
        ({"gpus": "0,1", "device": "custom_cpu:1"}, "--device custom_cpu:1 with --gpus 0,1"),
        ({"device": "custom_cpu"}, "--device custom_cpu: without --gpus"),
    ],
)
def test_devices_that_are_not_there(custom_devices, options, message):
    custom_devices("custom_cpu:0", "custom_cpu:1")
    with pytest.raises(InputError) as raised:
        Plan(**options).check()
    assert message in str(raised.value)


def test_no_proxy_stands_between_hosts():
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://proxy")
    env = {"PATH": "/bin", "HTTPS_PROXY": "http://proxy", **proxies}
    assert not proxies.keys() & Plan(nnodes=2, master="a:1").environment(env, {}).keys()
    assert env.items() <= Plan().environment(env, {}).items()
