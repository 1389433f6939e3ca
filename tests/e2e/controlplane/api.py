"""Plain requests to a test cluster's API server, as its administrator."""
import http.client
import json
import ssl


class Api:
    def __init__(self, home, port):
        context = ssl.create_default_context(cafile=home / "pki" / "ca.crt")
        context.load_cert_chain(home / "pki" / "admin.crt", home / "pki" / "admin.key")
        self.port, self.context = port, context

    def call(self, method, path, body=None):
        """Status and decoded body; status 0 when nobody answers."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context,
                                                 timeout=10)
        try:
            connection.request(method, path, body=json.dumps(body) if body else None,
                               headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()
