"""A registry in memory that implements all of the OCI Distribution Specification 1.1, to test the suite in `tests/suites/oci`.

REGISTRY_HTTP_ADDR is HOST:PORT; REGISTRY_STORAGE_DELETE_ENABLED=false disables deletion. An argument names one
error that it makes on purpose.
"""
import hashlib
import json
import os
import re
import sys
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PART = r'[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*'
NAME = re.compile(rf'{PART}(?:/{PART})*')
TAG = re.compile(r'[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}')
DIGEST = re.compile(r'sha256:[0-9a-f]{64}')
INDEX = 'application/vnd.oci.image.index.v1+json'
DELETES = os.environ.get('REGISTRY_STORAGE_DELETE_ENABLED') != 'false'
FAULT = sys.argv[1] if len(sys.argv) > 1 else ''

repositories = {}
uploads = {}


class Repository:
    def __init__(self):
        self.blobs, self.manifests, self.tags = {}, {}, {}


class Refused(Exception):
    """A response with an error: its status and its code."""


def digest_of(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def handle_one(self):
        self.query = parse_qs(urlsplit(self.path).query)
        length = int(self.headers.get('Content-Length') or 0)
        self.body = self.rfile.read(length)
        try:
            self.route(urlsplit(self.path).path)
        except Refused as error:
            status, code = error.args
            body = json.dumps({'errors': [{'code': code, 'message': code.lower()}]}).encode()
            self.send(status, body, {'Content-Type': 'application/json'})

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def send(self, status, body=b'', headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def route(self, path):
        if path == '/v2/':
            return self.send(200)
        found = re.fullmatch(r'/v2/(.+?)/(blobs/uploads|blobs|manifests|tags|referrers)/([^/]*)', path)
        if not found:
            raise Refused(404, 'UNSUPPORTED')
        name, kind, last = found.groups()
        if not NAME.fullmatch(name):
            raise Refused(400, 'NAME_INVALID')
        self.name = name
        method = 'get' if self.command == 'HEAD' else self.command.lower()
        action = getattr(self, f"{method}_{kind.replace('blobs/', '').rstrip('s')}", None)
        if not action:
            raise Refused(405, 'UNSUPPORTED')
        return action(last)

    def repository(self):
        if self.name not in repositories:
            raise Refused(404, 'NAME_UNKNOWN')
        return repositories[self.name]

    def one(self, name):
        return self.query.get(name, [''])[0]

    # Blobs

    def post_upload(self, _):
        repository = repositories.setdefault(self.name, Repository())
        source = repositories.get(self.one('from'), Repository())
        mounted = source.blobs.get(self.one('mount'))
        if mounted is not None:
            return self.stored(repository, mounted)
        if self.one('digest'):
            return self.finished(repository, self.body)
        session = str(uuid.uuid4()) if FAULT != 'one-session' else str(uuid.UUID(int=1))
        uploads[session] = b''
        self.send(202, headers=self.place(session))

    def place(self, session):
        # Relative, unlike that of many registries.
        headers = {'Location': f'/v2/{self.name}/blobs/uploads/{session}'}
        if uploads[session]:
            headers['Range'] = f'0-{len(uploads[session]) - (FAULT != "range-beyond")}'
        return headers

    def upload(self, session):
        if session not in uploads:
            raise Refused(404, 'BLOB_UPLOAD_UNKNOWN')
        start = re.fullmatch(r'(\d+)-\d+', self.headers.get('Content-Range', ''))
        if start and int(start[1]) != len(uploads[session]) and FAULT != 'any-order':
            raise Refused(416, 'BLOB_UPLOAD_INVALID')
        return uploads[session] + self.body

    def patch_upload(self, session):
        uploads[session] = self.upload(session)
        self.send(202, headers=self.place(session))

    def get_upload(self, session):
        self.upload(session)
        self.send(204, headers=self.place(session))

    def put_upload(self, session):
        data = self.upload(session)
        self.finished(repositories[self.name], data)
        del uploads[session]

    def finished(self, repository, data):
        if digest_of(data) != self.one('digest') and FAULT != 'any-digest':
            raise Refused(400, 'DIGEST_INVALID')
        self.stored(repository, data)

    def stored(self, repository, data):
        digest = digest_of(data)
        repository.blobs[digest] = data
        self.send(201, headers={'Location': f'/v2/{self.name}/blobs/{digest}', 'Docker-Content-Digest': digest})

    def get_blob(self, digest):
        blob = self.repository().blobs.get(digest)
        if blob is None:
            raise Refused(404, 'BLOB_UNKNOWN')
        headers = {'Content-Type': 'application/octet-stream', 'Docker-Content-Digest': digest}
        part = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range', ''))
        if not part:
            return self.send(200, blob, headers)
        first, last = int(part[1]), min(int(part[2] or len(blob)), len(blob) - 1)
        if first > last:
            return self.send(416, headers={'Content-Range': f'bytes */{len(blob)}'})
        headers['Content-Range'] = f'bytes {first}-{last}/{len(blob)}'
        self.send(206, blob[first:last + 1], headers)

    def delete_blob(self, digest):
        if not DELETES:
            raise Refused(405, 'UNSUPPORTED')
        if self.repository().blobs.pop(digest, None) is None:
            raise Refused(404, 'BLOB_UNKNOWN')
        self.send(202)

    # Manifests

    def put_manifest(self, reference):
        digest = digest_of(self.body)
        if not TAG.fullmatch(reference) and reference != digest:
            raise Refused(400, 'DIGEST_INVALID' if ':' in reference else 'MANIFEST_INVALID')
        try:
            manifest = json.loads(self.body)
        except ValueError:
            raise Refused(400, 'MANIFEST_INVALID')
        repository = repositories.setdefault(self.name, Repository())
        blobs = [one['digest'] for one in [manifest.get('config'), *manifest.get('layers', [])] if one]
        if any(blob not in repository.blobs for blob in blobs):
            raise Refused(404, 'MANIFEST_BLOB_UNKNOWN' if FAULT != 'other-code' else 'BLOB_UNKNOWN')
        body = self.body if FAULT != 'no-spaces' else json.dumps(manifest).encode()
        repository.manifests[digest] = (self.headers.get('Content-Type', '').split(';')[0], body)
        if reference != digest:
            repository.tags[reference] = digest
        headers = {'Location': f'/v2/{self.name}/manifests/{digest}', 'Docker-Content-Digest': digest}
        if 'subject' in manifest and FAULT != 'no-subject':
            headers['OCI-Subject'] = manifest['subject']['digest']
        self.send(201, headers=headers)

    def get_manifest(self, reference):
        repository = self.repository()
        digest = repository.tags.get(reference, reference)
        if digest not in repository.manifests:
            raise Refused(404, 'MANIFEST_UNKNOWN')
        kind, body = repository.manifests[digest]
        self.send(200, body, {'Content-Type': kind, 'Docker-Content-Digest': digest})

    def delete_manifest(self, reference):
        if not DELETES:
            raise Refused(405, 'UNSUPPORTED')
        repository = self.repository()
        if repository.tags.pop(reference, None) is None and repository.manifests.pop(reference, None) is None:
            raise Refused(404, 'MANIFEST_UNKNOWN')
        repository.tags = {tag: digest for tag, digest in repository.tags.items() if digest in repository.manifests}
        self.send(202)

    # Lists

    def get_tag(self, _):
        tags = sorted(self.repository().tags, key=str.lower if FAULT != 'by-bytes' else str)
        last, number = self.one('last').lower(), int(self.one('n') or len(tags))
        if last:
            tags = [tag for tag in tags if tag.lower() > last]
        headers = {'Content-Type': 'application/json'}
        if 0 < number < len(tags):
            headers['Link'] = f'</v2/{self.name}/tags/list?n={number}&last={tags[number - 1]}>; rel="next"'
        shown = tags[:number] if FAULT != 'n-zero' or number else tags
        self.send(200, json.dumps({'name': self.name, 'tags': shown}).encode(), headers)

    def get_referrer(self, digest):
        if not DIGEST.fullmatch(digest):
            raise Refused(400, 'DIGEST_INVALID')
        wanted = self.one('artifactType')
        found = []
        for own, (kind, body) in repositories.get(self.name, Repository()).manifests.items():
            manifest = json.loads(body)
            if manifest.get('subject', {}).get('digest') != digest:
                continue
            entry = {'mediaType': kind, 'digest': own, 'size': len(body)}
            artifact = manifest.get('artifactType') or (manifest.get('config') or {}).get('mediaType')
            if artifact and FAULT != 'no-types':
                entry['artifactType'] = artifact
            if 'annotations' in manifest and FAULT != 'no-annotations':
                entry['annotations'] = manifest['annotations']
            if not wanted or wanted == artifact:
                found.append(entry)
        headers = {'Content-Type': INDEX}
        if wanted and FAULT != 'silent-filter':
            headers['OCI-Filters-Applied'] = 'artifactType'
        self.send(200, json.dumps({'schemaVersion': 2, 'mediaType': INDEX, 'manifests': found}).encode(), headers)


host, port = os.environ['REGISTRY_HTTP_ADDR'].rsplit(':', 1)
ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
