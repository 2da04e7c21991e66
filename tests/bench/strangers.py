#!/usr/bin/env python3
"""Strangers at a port, so many a second and no more: connections that fail in one way, each let go when the other side closes
it or after --hold seconds. One thread; says when it begins, ends after --seconds or by SIGTERM, and prints what
became of them as a line of JSON.

    python3 tests/bench/strangers.py 127.0.0.1:7000 --sort silent --rate 100 --seconds 60

  closes     connects and closes
  silent     connects, says nothing
  garbage    sends 512 bytes of anything
  wrong-ca   a TLS handshake to its end, with the certificate of another CA (--cert, --key)
  half       a TLS handshake up to its first answer, and then nothing; pretends as the next
  pretends   wrong-ca, by one that has listened: it names the port's own CA (--ca), as only its nodes do
"""
import argparse, hashlib, json, os, resource, selectors, signal, socket, ssl, subprocess, sys, time

SORTS = ("closes", "silent", "garbage", "wrong-ca", "half", "pretends")
WITH_TLS = SORTS[3:]


def authority_name(certificate):
    """What nodes of this CA say first: actors/nodes/tls_credentials.cpp."""
    text = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    key = subprocess.run(["openssl", "ec", "-pubin", "-outform", "DER"], input=text, check=True, capture_output=True).stdout
    return hashlib.sha256(key[-65:]).hexdigest()[:32] + ".syngrad"  # of a P-256 key the point alone



def tls_context(arguments):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if arguments.cert:
        context.load_cert_chain(arguments.cert, arguments.key)
    return context


class Stranger:
    """One connection; `step` is called when something has come, and is true as long as it goes on."""

    def __init__(self, address, sort, context, named):
        self.began, self.sort, self.answered = time.monotonic(), sort, False
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(address)
        if sort in WITH_TLS:
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=named)

    def begin(self):
        if self.sort == "garbage":
            self.socket.send(os.urandom(512))
        if self.sort in WITH_TLS:
            self.shake_hands()
        return self.sort != "closes"

    def shake_hands(self):
        try:
            self.tls.do_handshake()
            self.tls.read(1)  # in TLS 1.3 the refusal of a certificate comes here
        except ssl.SSLWantReadError:
            pass
        if self.outgoing.pending:
            self.socket.send(self.outgoing.read())

    def step(self):
        data = self.socket.recv(65536)
        self.answered |= bool(data)
        if data and self.sort in ("wrong-ca", "pretends"):
            self.incoming.write(data)
            self.shake_hands()
        return bool(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("where", help="HOST:PORT, a numeric IPv4 address")
    parser.add_argument("--sort", choices=SORTS, required=True)
    parser.add_argument("--rate", type=float, default=100, help="a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--hold", type=float, default=30, help="seconds after which one lets go by itself")
    parser.add_argument("--most", type=int, default=500, help="open at once")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--ca", help="the port's, for those that pretend")
    arguments = parser.parse_args()
    host, port = arguments.where.rsplit(":", 1)
    context = tls_context(arguments)
    named = authority_name(arguments.ca) if arguments.sort in ("half", "pretends") else None
    waits, counts = selectors.DefaultSelector(), dict(made=0, let_go=0, closed=0, refused=0, answered=0, most_open=0)

    def close(stranger, how):
        counts[how] += 1
        counts["answered"] += stranger.answered
        waits.unregister(stranger.socket)
        stranger.socket.close()

    told_to_end = []
    signal.signal(signal.SIGTERM, lambda *_: told_to_end.append(True))
    print("strangers at", arguments.where, flush=True)
    began = time.monotonic()
    while not told_to_end and (now := time.monotonic()) < began + arguments.seconds:
        while counts["made"] < (now - began) * arguments.rate and len(waits.get_map()) < arguments.most:
            stranger = Stranger((host, int(port)), arguments.sort, context, named)
            waits.register(stranger.socket, selectors.EVENT_WRITE, stranger)
            counts["made"] += 1
        counts["most_open"] = max(counts["most_open"], len(waits.get_map()))
        for key, events in waits.select(0.005):
            stranger = key.data
            try:
                if events & selectors.EVENT_WRITE:
                    if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                        close(stranger, "refused")
                    elif stranger.begin():
                        waits.modify(stranger.socket, selectors.EVENT_READ, stranger)
                    else:
                        close(stranger, "let_go")
                elif not stranger.step():
                    close(stranger, "closed")
            except (ssl.SSLError, OSError):
                close(stranger, "closed")
        for key in [key for key in waits.get_map().values() if now - key.data.began > arguments.hold]:
            close(key.data, "let_go")
    for key in list(waits.get_map().values()):
        close(key.data, "let_go")
    used = resource.getrusage(resource.RUSAGE_SELF)
    counts["processor_s"] = round(used.ru_utime + used.ru_stime, 2)
    json.dump(counts, sys.stdout)
    print()


if __name__ == "__main__":
    main()
