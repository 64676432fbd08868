"""Publishes firmware on an ESP Update Server, and prints what the server found in the file.

In PlatformIO this adds the target "publish" (extra_scripts = post:publish.py, then pio run -t publish). Anywhere else:
python3 publish.py firmware.bin. Either way a file that the server refuses fails the build. The token comes from the
environment variable ESP_UPDATE_TOKEN, for it belongs in no file of a project. Needs Python 3.7 and nothing else.
"""
import argparse
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
import uuid

FIELDS = ("platform", "version", "accept")  # of the upload, each only where the file itself does not say
TIMEOUT = 120  # seconds without a byte
MARKS = {"pass": "ok", "warn": "WARN", "fail": "FAIL"}


class Failure(Exception):
    """What keeps a file from being published, in words for the build's log."""


class Unredirected(urllib.request.HTTPRedirectHandler):
    """An upload that is sent elsewhere would arrive there without the file, but with the token."""

    def redirect_request(self, *_):
        return None


def publish(path, server, token, fields):
    """Uploads a file and returns what it was published as."""
    if not server.startswith(("http://", "https://")):
        raise Failure("Say where the update server is, such as http://192.168.1.10:5000; now it is %r." % server)
    if token.split() != [token] or not token.isascii():
        raise Failure("Put a token into ESP_UPDATE_TOKEN: your account's page on the server makes them.")
    status, text = send(path, server.rstrip("/") + "/api/v1/firmware", token, fields)
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {}
    if not isinstance(answer, dict) or status == 201 and "platform" not in answer:
        answer = {}
    report(answer.get("findings") or [])
    if status != 201 or not answer:
        raise Failure(answer.get("error") or "%s answered %d: %s" % (server, status, text[:300].strip()))
    return answer


def send(path, url, token, fields):
    """Sends the form and returns the answer's status and text."""
    body, kind = form(path, fields)
    request = urllib.request.Request(url, body, {"Authorization": "Bearer " + token, "Content-Type": kind})
    try:
        with urllib.request.build_opener(Unredirected).open(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as answer:
        if answer.headers.get("Location"):
            raise Failure("The update server is at another address: %s" % answer.headers["Location"])
        return answer.code, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise Failure("%s cannot be reached: %s" % (url, getattr(error, "reason", error)))


def form(path, fields):
    """Makes a form with a file, as browsers send it."""
    boundary = uuid.uuid4().hex
    start = "--" + boundary + '\r\nContent-Disposition: form-data; name="'
    body = "".join(start + name + '"\r\n\r\n' + value + "\r\n" for name, value in fields.items() if value)
    name = "".join(c if c.isprintable() and c not in '"\\' else "_" for c in os.path.basename(path))
    body += start + 'file"; filename="' + name + '"\r\nContent-Type: application/octet-stream\r\n\r\n'
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise Failure("%s cannot be read: %s" % (path, error.strerror))
    end = "\r\n--" + boundary + "--\r\n"
    return body.encode() + data + end.encode(), "multipart/form-data; boundary=" + boundary


def report(findings):
    """Prints one line for each finding, and below it what to do."""
    for f in findings:
        say("  %-4s  %s: %s" % (MARKS.get(f.get("status"), "?"), f.get("title"), f.get("detail")))
        if f.get("fix"):
            say("        -> %s" % f["fix"])


def say(text):
    """Prints what the console can show: that of Windows cannot show every sign."""
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


def run(path, server, fields):
    """Publishes, and returns the exit status of the build."""
    say("Publishing %s on %s" % (path, server))
    try:
        done = publish(path, server, os.environ.get("ESP_UPDATE_TOKEN", "").strip(), fields)
    except Failure as failure:
        say("Not published. %s" % failure)
        return 1
    what = "a %s file system" % done["filesystem"] if done.get("filesystem") else "for %s" % done["chip"]
    say("Published: %s %s, %s, %d bytes." % (done["platform"], done["version"], what, done["size"]))
    return 0


def target(source, target, env):
    """What SCons does for pio run -t publish, once the firmware is built."""

    def option(name):
        return str(env.GetProjectOption("custom_update_" + name, "") or "").strip()

    server = option("server") or os.environ.get("ESP_UPDATE_SERVER", "")
    return run(str(source[0]), server, {name: option(name) for name in FIELDS})


def main():
    words = argparse.ArgumentParser(description="Publishes firmware. The token is read from ESP_UPDATE_TOKEN.")
    words.add_argument("file", help="the .bin, as the build made it")
    words.add_argument("--server", default=os.environ.get("ESP_UPDATE_SERVER", ""), help="default: ESP_UPDATE_SERVER")
    words.add_argument("--platform", help="where the file does not say it")
    words.add_argument("--version", help="where the file does not say it")
    words.add_argument("--accept", help="codes of findings that you confirm, with commas between them")
    given = words.parse_args()
    return run(given.file, given.server, {name: getattr(given, name) for name in FIELDS})


if __name__ == "__main__":
    sys.exit(main())

Import("env")  # noqa: F821 -- SCons, which runs PlatformIO's scripts, knows it
env.AddCustomTarget(  # noqa: F821 -- comes from there
    name="publish",
    dependencies="$BUILD_DIR/${PROGNAME}.bin",
    actions=[target],
    title="Publish",
    description="Upload the firmware to the update server",
)
