"""A run over several processes on this machine, for scripts that disturb it: coordinator, nodes, and a relay in front of
each of them that every connection to it goes through."""
import json, os, pathlib, signal, subprocess, sys, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools"))
from program import free_port


class Relay:
    """tests/support/tcp_relay_main.cpp: what it is told takes effect at once."""

    def __init__(self, program, port, told=()):
        self.process = subprocess.Popen([program, "--listen", "0", "--to", f"127.0.0.1:{port}", *told], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[-1])

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait()


class Cluster:
    """`tls`: a folder that `syngrad certs` made for all names, or none. `relay`: the program, which then
    stands in front of each process; `told`: what it is told before anybody connects. Processes write into files in `folder`."""

    COORDINATOR = "main"

    def __init__(self, binary, folder, names, train, threads=1, tls=None, relay=None, told=(), node_options=()):
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.binary, self.tls = os.path.abspath(binary), tls
        self.relays, self.processes = {}, {}
        self.port = port = free_port()
        join = port
        if relay:
            self.relays[self.COORDINATOR] = self.relay_before(self.COORDINATOR, relay, port, told)
            join = self.relays[self.COORDINATOR].port
        self.run = self.folder / "run"
        self.start(self.COORDINATOR, ["train", "--listen", f"127.0.0.1:{port}", "--name", self.COORDINATOR, "--nodes",
                                      len(names), "--run", self.run] + (["--advertise", f"127.0.0.1:{join}"] if relay else [])
                   + self.secured(self.COORDINATOR) + list(train))
        for name in names:
            own = free_port()
            options = ["node", "--join", f"127.0.0.1:{join}", "--name", name, "--threads", threads, "--listen",
                       f"127.0.0.1:{own}"]
            if relay:
                self.relays[name] = self.relay_before(name, relay, own, told)
                options += ["--advertise", f"127.0.0.1:{self.relays[name].port}"]
            self.start(name, options + self.secured(name) + list(node_options))

    def relay_before(self, name, program, port, told):
        return Relay(program, port, told)

    def secured(self, name):
        if not self.tls:
            return []
        return ["--tls-cert", f"{self.tls}/{name}.pem", "--tls-key", f"{self.tls}/{name}-key.pem",
                "--tls-ca", f"{self.tls}/ca.pem"]

    def start(self, name, arguments):
        output = open(self.folder / f"{name}.log", "w")
        self.processes[name] = subprocess.Popen([self.binary, *map(str, arguments)], cwd=self.folder, stdout=output,
                                                stderr=subprocess.STDOUT)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def trains(self):
        """Whether the first evaluation or progress was reported: batches go round."""
        metrics = self.run / "metrics.csv"
        return metrics.exists() and len(metrics.read_text().splitlines()) > 1

    def wait_until_it_trains(self, seconds=120):
        until = time.monotonic() + seconds
        while not self.trains():
            if self.processes[self.COORDINATOR].poll() is not None or time.monotonic() > until:
                raise RuntimeError("the run did not begin:\n" + self.log(self.COORDINATOR))
            time.sleep(0.1)

    def say(self, command, only=None):
        for name, relay in self.relays.items():
            if only is None or name in only:
                relay.say(command)

    def wait(self, seconds=900, after_the_first=60):
        """Exit codes by name; None for what is still there after so long, or so long after the first one has ended."""
        until = time.monotonic() + seconds
        first = False
        while time.monotonic() < until:
            codes = {name: process.poll() for name, process in self.processes.items()}
            if None not in codes.values():
                break
            if not first and any(code is not None for code in codes.values()):
                first = True
                until = min(until, time.monotonic() + after_the_first)
            time.sleep(0.05)
        return codes

    def summary(self):
        return json.loads((self.run / "summary.json").read_text())

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        for relay in self.relays.values():
            relay.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
