"""A stand-in for the Hugging Face Hub on this machine, with the endpoints that its client calls.

Repositories live in memory. Binary files go where the Hub puts them: into a storage (LFS) of
another host than the Hub's own, here "localhost" besides "127.0.0.1", that must never see a token.
"""

import base64
import contextlib
import hashlib
import json
import os
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

USER, TOKEN = "someone", "hf_of_someone"
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


@dataclass
class Repository:
    """Its commits, each a whole tree of paths and contents, its branches, and the messages."""

    private: bool = False
    messages: list[str] = field(default_factory=list)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Make `files` the newest state of `branch`, and return the commit's id."""
        state = f"{len(self.commits)} {sorted(files)}"
        commit = hashlib.sha1(state.encode()).hexdigest()
        self.commits[commit] = files
        self.branches[branch] = commit
        return commit

    def resolve(self, revision: str) -> str | None:
        """The commit that a branch's name or a commit's id means."""
        return self.branches.get(revision, revision if revision in self.commits else None)

    def files(self, revision: str = "main") -> dict[str, bytes]:
        return self.commits[self.branches.get(revision, revision)]


class Hub(ThreadingHTTPServer):
    """The repositories by type and id, the storage, and what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.storage: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.breaks_at = ""  # a request whose line holds this is cut off without an answer

    def model(self, repo_id: str) -> Repository:
        return self.repositories["models", repo_id]

    def environment(self, home: os.PathLike, token: str | None = TOKEN) -> dict[str, str]:
        """A process's environment in which this is the Hub, and `home` its cache's folder."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        ours = {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            # Xet, the newer way to store binary files, has no stand-in: LFS is the other one.
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_UPDATE_CHECK": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        return kept | ours | ({"HF_TOKEN": token} if token else {})


@contextlib.contextmanager
def running_hub():
    """A stand-in that serves while the context lasts."""
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


class Refusal(Exception):
    """An answer other than success: its status, and the Hub's own code, message and fields."""

    def __init__(self, status: int, message: str, code: str = "", **fields: str):
        super().__init__(message)
        self.status, self.message, self.code, self.fields = status, message, code, fields


class Handler(BaseHTTPRequestHandler):
    """Answers one request after another of a connection."""

    protocol_version = "HTTP/1.1"
    server: Hub

    def handle_request(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            content = b"".join(iter(self.read_chunk, b""))
        line = f"{self.command} {unquote(self.path)}"
        self.server.requests.append(line)
        if self.server.breaks_at and self.server.breaks_at in line:
            self.close_connection = True
            return
        try:
            self.route(urlsplit(self.path), content)
        except Refusal as refusal:
            headers = {"X-Error-Code": refusal.code, "X-Error-Message": refusal.message}
            answer = {"error": refusal.message, "errors": [{"message": refusal.message}]}
            content = json.dumps(answer | refusal.fields).encode()
            self.answer(content, refusal.status, headers)

    do_GET = do_HEAD = do_POST = do_PUT = handle_request

    def read_chunk(self) -> bytes:
        chunk = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return chunk

    def answer(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def answer_json(self, value: object) -> None:
        self.answer(json.dumps(value).encode(), headers={"Content-Type": "application/json"})

    def log_message(self, *_: object) -> None:
        pass

    def route(self, url, content: bytes) -> None:
        """Find the method whose pattern the path matches, and call it with the pattern's parts."""
        repository = r"(?P<repo_id>[\w.-]+/[\w.-]+)"
        api = rf"/api/(?P<kind>models|spaces)/{repository}"
        patterns = {
            r"GET /api/whoami-v2": self.whoami,
            r"POST /api/repos/create": self.create,
            r"POST /api/validate-yaml": self.validate,
            rf"GET {api}(?:/revision/(?P<revision>[^/]+))?": self.info,
            rf"GET {api}/tree/(?P<revision>[^/]+)": self.tree,
            rf"POST {api}/branch/(?P<branch>[^/]+)": self.branch,
            rf"POST {api}/preupload/(?P<revision>[^/]+)": self.preupload,
            rf"POST {api}/commit/(?P<revision>[^/]+)": self.commit,
            rf"POST /(?P<kind>spaces/)?{repository}\.git/info/lfs/objects/batch": self.lfs_batch,
            r"(?P<method>GET|HEAD|PUT) /storage/(?P<oid>[0-9a-f]{64})": self.store,
            rf"(?:GET|HEAD) /(?P<kind>spaces/)?{repository}/resolve/(?P<revision>[^/]+)"
            r"/(?P<path>.+)": self.resolve,
        }
        for pattern, method in patterns.items():
            if match := re.fullmatch(pattern, f"{self.command} {url.path}"):
                parts = {name: part and unquote(part) for name, part in match.groupdict().items()}
                return method(content=content, query=parse_qs(url.query), **parts)
        raise Refusal(404, f"Nothing is at {self.path}.")

    def user(self) -> str | None:
        """Who asks: None without a token; a wrong one is refused."""
        authorization = self.headers.get("Authorization")
        if authorization is None:
            return None
        if authorization != f"Bearer {TOKEN}":
            raise Refusal(401, "Invalid credentials in Authorization header")
        return USER

    def repository(self, kind: str | None, repo_id: str, write: bool = False) -> Repository:
        found = self.server.repositories.get(((kind or "models").strip("/"), repo_id))
        user = self.user()
        if found is None or (found.private and user is None):
            raise Refusal(404 if user else 401, "Repository not found", "RepoNotFound")
        if write and user != repo_id.split("/")[0]:
            raise Refusal(403, "You don't have the rights to write here")
        return found

    def commit_of(self, repository: Repository, revision: str) -> str:
        commit = repository.resolve(revision)
        if commit is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit

    def whoami(self, **_) -> None:
        if self.user() is None:
            raise Refusal(401, "Invalid username or password.")
        access = {"accessToken": {"displayName": "a token", "role": "write"}}
        self.answer_json({"type": "user", "name": USER, "auth": access})

    def create(self, content, **_) -> None:
        asked = json.loads(content)
        owner = asked.get("organization") or self.user()
        if self.user() is None or owner != self.user():
            raise Refusal(403 if self.user() else 401, "You don't have the rights to create this")
        kind, repo_id = f"{asked.get('type') or 'model'}s", f"{owner}/{asked['name']}"
        address = f"{self.server.url}/{'' if kind == 'models' else kind + '/'}{repo_id}"
        if (kind, repo_id) in self.server.repositories:
            raise Refusal(409, "You already created this repository", url=address)
        private = asked.get("private") or asked.get("visibility") == "private"
        repository = self.server.repositories[kind, repo_id] = Repository(bool(private))
        repository.commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        self.answer_json({"url": address, "name": repo_id})

    def validate(self, content, **_) -> None:
        """Check a card's metadata by the rules that the Hub documents."""
        asked = json.loads(content)
        match = re.match(r"---\n(.*?)\n---\n", asked["content"], re.DOTALL)
        data = yaml.safe_load(match[1]) if match else None
        if not isinstance(data, dict):
            raise Refusal(400, "The card has no metadata")
        for name in ("models", "datasets", "tags", "metrics"):
            if not all(isinstance(entry, str) for entry in data.get(name, [])):
                raise Refusal(400, f'"{name}" must be a list of strings')
        if asked["repoType"] == "space":
            if data.get("sdk") not in {"gradio", "docker", "static"}:
                raise Refusal(400, '"sdk" must be one of [gradio, docker, static]')
            if not COLOURS.issuperset({data.get("colorFrom"), data.get("colorTo")}):
                raise Refusal(400, f'"colorFrom" and "colorTo" must be of {sorted(COLOURS)}')
            if len(data.get("short_description", "")) > 60:
                raise Refusal(400, '"short_description" must be of at most 60 characters')
            if not re.fullmatch(r"3\.\d+(\.\d+)?", str(data.get("python_version"))):
                raise Refusal(400, '"python_version" must be 3.x or 3.x.x')
            if not data.get("title") or not re.fullmatch(r"[^\x00-\u2000]+", data["emoji"]):
                raise Refusal(400, '"title" and "emoji" are needed')
        self.answer_json({"errors": [], "warnings": []})

    def info(self, kind, repo_id, revision, **_) -> None:
        repository = self.repository(kind, repo_id)
        commit = self.commit_of(repository, revision or "main")
        files = [{"rfilename": path} for path in repository.commits[commit]]
        private = repository.private
        self.answer_json({"id": repo_id, "sha": commit, "private": private, "siblings": files})

    def tree(self, kind, repo_id, revision, **_) -> None:
        repository = self.repository(kind, repo_id)
        files = repository.commits[self.commit_of(repository, revision)]
        entries = []
        for path, content in files.items():
            entry = {"type": "file", "path": path, "size": len(content), "oid": git_oid(content)}
            if is_binary(content):
                oid = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"oid": oid, "size": len(content), "pointerSize": 130}
            entries.append(entry)
        self.answer_json(entries)

    def branch(self, kind, repo_id, branch, **_) -> None:
        repository = self.repository(kind, repo_id, write=True)
        if branch in repository.branches:
            raise Refusal(409, "Reference already exists")
        repository.branches[branch] = repository.branches["main"]
        self.answer_json({})

    def preupload(self, kind, repo_id, revision, content, query, **_) -> None:
        repository = self.repository(kind, repo_id, write="create_pr" not in query)
        files = repository.commits[self.commit_of(repository, revision)]
        answers = []
        for file in json.loads(content)["files"]:
            binary = is_binary(base64.b64decode(file["sample"]))
            answer = {"path": file["path"], "uploadMode": "lfs" if binary else "regular"}
            if (old := files.get(file["path"])) is not None:
                answer["oid"] = hashlib.sha256(old).hexdigest() if binary else git_oid(old)
            answers.append(answer | {"shouldIgnore": False})
        self.answer_json({"files": answers})

    def lfs_batch(self, kind, repo_id, content, **_) -> None:
        self.repository(kind, repo_id)
        objects = []
        for asked in json.loads(content)["objects"]:
            if asked["oid"] not in self.server.storage:
                href = f"http://localhost:{self.server.server_port}/storage/{asked['oid']}"
                asked["actions"] = {"upload": {"href": href}}
            objects.append(asked)
        self.answer_json({"transfer": "basic", "objects": objects})

    def store(self, method, oid, content, **_) -> None:
        """The storage, which another host keeps: a token has no business here."""
        if self.headers.get("Authorization"):
            raise Refusal(400, "The storage was shown a token")
        if method == "PUT":
            if hashlib.sha256(content).hexdigest() != oid:
                raise Refusal(400, "The content has another sum than its name")
            self.server.storage[oid] = content
            return self.answer(b"")
        self.answer(self.server.storage[oid], headers={"ETag": f'"{oid}"'})

    def commit(self, kind, repo_id, revision, content, query, **_) -> None:
        repository = self.repository(kind, repo_id, write="create_pr" not in query)
        files = dict(repository.commits[self.commit_of(repository, revision)])
        for line in content.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "header":
                    repository.messages.append(value["summary"])
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.server.storage[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        number = sum(name.startswith("refs/pr/") for name in repository.branches) + 1
        branch = f"refs/pr/{number}" if "create_pr" in query else revision
        commit = repository.commit(files, branch)
        address = f"{self.server.url}/{repo_id}"
        pull_request = f"{address}/discussions/{number}" if "create_pr" in query else None
        self.answer_json(
            {
                "commitUrl": f"{address}/commit/{commit}",
                "commitOid": commit,
                "pullRequestUrl": pull_request,
            }
        )

    def resolve(self, kind, repo_id, revision, path, **_) -> None:
        repository = self.repository(kind, repo_id)
        commit = self.commit_of(repository, revision)
        content = repository.commits[commit].get(path)
        headers = {"X-Repo-Commit": commit}
        if content is None:
            raise Refusal(404, "Entry not found", "EntryNotFound")
        if not is_binary(content):
            return self.answer(content, headers=headers | {"ETag": f'"{git_oid(content)}"'})
        oid = hashlib.sha256(content).hexdigest()
        self.server.storage[oid] = content
        headers |= {
            "Location": f"http://localhost:{self.server.server_port}/storage/{oid}",
            "X-Linked-Etag": f'"{oid}"',
            "X-Linked-Size": str(len(content)),
        }
        self.answer(b"", 302, headers)


def git_oid(content: bytes) -> str:
    """A regular file's id, as git computes it."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def is_binary(content: bytes) -> bool:
    """Whether a file, or its first 512 bytes, is for the storage: not text."""
    return b"\0" in content[:512]
