"""A TCP proxy on loopback that can lose what it carries, as a network between two machines does. It looks
into nothing: TLS goes through it end to end. Runs in a thread of its own; `set` may be called from any."""
import asyncio
import pathlib
import re
import socket
import struct
import threading

# What still passes: (towards the server, towards the client).
PASS, BLACKHOLE, HALF_OPEN = (True, True), (False, False), (True, False)
RESET = "reset"  # connections are cut with RST, and new ones at once
CHUNK = 1 << 16


class FaultProxy:
    """Carries connections to 127.0.0.1:`target`. What is held back by a cut arrives when it ends: late, like
    segments that TCP sends again."""

    def __init__(self, target):
        self.target, self.fault, self.open_writers = target, PASS, set()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        self._gates = [asyncio.Event(), asyncio.Event()]
        self._apply(PASS)
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    def set(self, fault):
        """Puts a fault in force; returns when it is."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (self._apply(fault), done.set()))
        done.wait()

    def _apply(self, fault):
        self.fault = fault
        for gate, passes in zip(self._gates, PASS if fault == RESET else fault):
            gate.set() if passes else gate.clear()
        if fault == RESET:
            for writer in list(self.open_writers):
                self._reset(writer)

    @staticmethod
    def _reset(writer):
        end = writer.get_extra_info("socket")
        if end is not None and end.fileno() >= 0:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def _serve(self, reader, writer):
        if self.fault == RESET:
            self._reset(writer)
            return
        writers, end = [writer], self._reset
        self.open_writers.add(writer)
        try:
            await self._gates[0].wait()
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
            writers.append(up_writer)
            self.open_writers.add(up_writer)
            await asyncio.gather(self._carry(reader, up_writer, self._gates[0]),
                                 self._carry(up_reader, writer, self._gates[1]))
            end = asyncio.StreamWriter.close  # both have said all they had to say
        except OSError:
            pass  # one end is gone: so is the other
        finally:
            for each in writers:
                self.open_writers.discard(each)
                end(each)

    @staticmethod
    async def _carry(reader, writer, gate):
        while True:
            await gate.wait()
            data = await reader.read(CHUNK)
            await gate.wait()  # the cut may have come meanwhile
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            writer.write(data)
            await writer.drain()

    def kubeconfig(self, original, path):
        """A copy of a kubeconfig that leads through here."""
        text = pathlib.Path(original).read_text()
        text = re.sub(r"https://127\.0\.0\.1:\d+", f"https://127.0.0.1:{self.port}", text)
        pathlib.Path(path).write_text(text)
        return path

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
