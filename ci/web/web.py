# SPDX-License-Identifier: Apache-2.0
"""partitions/hello on plain QEMU: with a network card it gets an address and serves its page to this program, through a
port that QEMU's user network forwards; without one it stays as it is. Prints TAP.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guests"))
import suite as guests  # noqa: E402

VISITORS = 100
STATIC = "10.0.2.15/24,10.0.2.2"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def card(port, options):
    return ("-global", "virtio-mmio.force-legacy=false", "-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{port}-:80",
            "-device", f"virtio-net-device,netdev=n0{options}")


@contextlib.contextmanager
def connection(port):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        yield link
    finally:
        link.close()


def ask(port, path="/", method="GET"):
    """(status, body), or (0, what went wrong)."""
    try:
        with connection(port) as link:
            link.request(method, path)
            answer = link.getresponse()
            return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error)


def many(port):
    """How many of the visitors, six at a time, got the page."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        return [a for a in pool.map(lambda _: ask(port, "/status"), range(VISITORS)) if a[0] != 200]


def serve(tap, out, gic, words, options):
    port = free_port()
    what = f"GICv{gic}, {words or 'nothing said'}{options}"
    with guests.Machine(out / "partitions/hello.bin", words, gic, 1, 64, card(port, options)) as machine:
        tap.check(machine.wait(r"^hello: http://10\.0\.2\.15/"), f"{what}: has an address", machine.text)
        status, body = ask(port)
        tap.check(status == 200 and "Hello from hello" in body and "64 MiB" in body, f"{what}: serves its page", body)
        status, body = ask(port, "/nothing")
        tap.check(status == 404, f"{what}: knows what it does not have", body)
        status, body = ask(port, "/", "POST")
        tap.check(status == 405, f"{what}: takes nothing", body)
        wrong = many(port)
        tap.check(not wrong, f"{what}: {VISITORS} visitors, six at a time", str(wrong[:5]))
        status, body = ask(port, "/status")
        tap.check(f"requests {VISITORS + 4}\n" in body, f"{what}: counts them", body)
        machine.type("x")
        tap.check(machine.wait("typed 'x'"), f"{what}: echoes meanwhile", machine.text)


def refuse(tap, out):
    with guests.Machine(out / "partitions/hello.bin", "ip=10.0.2.15", 3, 1, 64, card(free_port(), "")) as machine:
        tap.check(machine.wait("that is no address") and machine.wait("hello: 1 s"), "an address that is none is told", machine.text)


def alone(tap, out):
    with guests.Machine(out / "partitions/hello.bin", "", 3, 1, 64) as machine:
        tap.check(machine.wait("hello: 2 s") and "IP" not in machine.text, "without a card it stays as it is", machine.text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    tap = guests.Tap()
    serve(tap, args.out, 3, "", "")
    serve(tap, args.out, 2, f"ip={STATIC}", ",packed=on")
    serve(tap, args.out, 3, f"ip={STATIC}", ",event_idx=off")
    refuse(tap, args.out)
    alone(tap, args.out)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
