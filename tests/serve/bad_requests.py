# SPDX-License-Identifier: MIT
"""The table of bad input: what is sent, the statuses of what comes back, and a part of its last message. A row a case.

A group's rows are sent to one server, started with the group's options. Steps of a row are bytes, seconds to wait, or HALF_CLOSE.
No status: the server closes without an answer.
"""
import json
import struct
from typing import NamedTuple

import pictures
from serving import form

HALF_CLOSE = object()
DETECT, INFER = "/detect", "/v2/models/default/infer"
MIB = 1 << 20


class Row(NamedTuple):
    name: str
    steps: object
    statuses: tuple
    part: str = ""


class Group(NamedTuple):
    title: str
    options: tuple
    rows: list
    together: bool = False  # rows wait, and need not wait for each other
    late: bool = False      # all of them are ended for taking too long


# ---------------------------------------------------------------- requests

def ask(method, path, *fields, version="1.1", body=b"", host="localhost"):
    """A whole request as bytes, the last one of its connection; its fields as they are given."""
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", "Connection: close", *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def get(path, *fields, **more):
    return ask("GET", path, *fields, **more)


def post(path, body, *fields):
    return ask("POST", path, f"Content-Length: {len(body)}", *fields, body=body)


def unclear(*fields, body=b"hi"):
    """A request whose end is not clear, and another behind it, which must not be answered."""
    return ask("POST", DETECT, *fields, body=body) + get("/v2")


def chunked(*lines, path=DETECT):
    return ask("POST", path, "Transfer-Encoding: chunked", body=b"\r\n".join(lines))


def in_form(*files, content_type=None):
    headers, body = form(*files)
    return post(DETECT, body, f"Content-Type: {content_type or headers['Content-Type']}")


def marked(*files):
    headers, body = form(*files)
    return post(DETECT, body, f"Content-Type: {headers['Content-Type']}", "Accept: image/png")


def infer(request, path=INFER):
    return post(path, request if isinstance(request, bytes) else json.dumps(request).encode())


def one(**changes):
    """A request with one photo in JSON, but for what is changed."""
    tensor = {"name": "photo", "datatype": "BYTES", "shape": [1], "data": ["aGVsbG8="], **changes}
    return infer({"inputs": [{name: value for name, value in tensor.items() if value is not None}]})


def pixels(**changes):
    tensor = {"name": "pixels", "datatype": "UINT8", "shape": [2, 2, 3], "data": [0] * 12, **changes}
    return infer({"inputs": [{name: value for name, value in tensor.items() if value is not None}]})


def asking(**changes):
    """Good pixels, in a request with other members."""
    return infer({"inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [2, 2, 3], "data": [0] * 12}], **changes})


def binary(rest, size=None, shape=(1,), name="photo", datatype="BYTES", header=None):
    """A binary tensor behind the JSON. @param size as it is declared; None: right @param header None: the JSON's right length"""
    size = len(rest) if size is None else size
    head = json.dumps({"inputs": [{"name": name, "datatype": datatype, "shape": list(shape), "parameters": {"binary_data_size": size}}]}).encode()
    return post(INFER, head + rest, f"Inference-Header-Content-Length: {len(head) if header is None else header}")


def with_length(photo, bytes_=None):
    return struct.pack("<I", len(photo) if bytes_ is None else bytes_) + photo


# ---------------------------------------------------------------- HTTP

HELLO = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + bytes(range(0x40, 0x60)) + b"\0\0\x02\x13\x01\x01\0\0\0"
LATE = "took longer than this server waits"


def no_http():
    return [
        Row("HTTP/0.9", b"GET /v2\r\n", (400,), "syntactically incorrect"),
        Row("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (505,), "not supported"),
        Row("HTTP/2, asked for in HTTP/1.1: it goes on in HTTP/1.1", ask("GET", "/v2", "Upgrade: h2c"), (200,)),
        Row("TLS on a plain port", [HELLO, HALF_CLOSE], ()),
        Row("zeros", [bytes(300), HALF_CLOSE], ()),
        Row("lines without anything, and no more", [b"\r\n\r\n\r\n", HALF_CLOSE], ()),
        Row("another protocol's greeting", b"SSH-2.0-client\r\n", ()),
        Row("a version that does not exist", get("/v2", version="9.9"), (505,), "not supported"),
        Row("a version with two digits", get("/v2", version="1.10"), (400,), "syntactically incorrect"),
        Row("http in small letters", b"GET /v2 http/1.1\r\nHost: localhost\r\n\r\n", (400,), "syntactically incorrect"),
        Row("two blanks between the words of the first line", b"GET  /v2  HTTP/1.1\r\nHost: localhost\r\n\r\n", ()),
        Row("tabs between them", b"GET\t/v2\tHTTP/1.1\r\nHost: localhost\r\n\r\n", ()),
        Row("no Host", b"GET /v2 HTTP/1.1\r\n\r\n", (400,), "Host:"),
        Row("a header without a colon", get("/v2", "colon"), (400,), "syntactically incorrect"),
        Row("a NUL in a header's name", get("/v2", "X\0Y: z"), (400,), "syntactically incorrect"),
        Row("a header of 100,000 bytes", get("/v2", "X: " + "a" * 100000), (431,), "too big"),
        Row("20,000 headers", get("/v2", *["X: y"] * 20000), (431,), "too big"),
        Row("an address of 100,000 bytes", get("/" + "a" * 100000), (414,), "too big"),
        Row("a method of 100,000 bytes", ask("G" * 100000, "/v2"), (414,), "too big"),
        Row("a method that does not exist", ask("BREW", "/v2"), (405,), "BREW /v2: only GET, HEAD here"),
        Row("3,000 parameters", [get("/v2?" + "&".join(["a=b"] * 3000)), HALF_CLOSE], ()),
    ]


def misread():
    """Some read the end of such a request in another place: a proxy in front of the server, or the server behind the proxy."""
    sentence, chunks = "cannot be misread", b"2\r\nhi\r\n0\r\n\r\n"
    return [
        Row("Content-Length twice, different", unclear("Content-Length: 2", "Content-Length: 40"), (400,), sentence),
        Row("Content-Length twice, the same", unclear("Content-Length: 2", "Content-Length: 2"), (400,), sentence),
        Row("two lengths in one Content-Length", unclear("Content-Length: 2, 2"), (400,)),
        Row("Content-Length with a plus", unclear("Content-Length: +2"), (400,)),
        Row("a negative Content-Length", unclear("Content-Length: -2"), (400,)),
        Row("a Content-Length in hexadecimal", unclear("Content-Length: 0x2"), (400,)),
        Row("an empty Content-Length", unclear("Content-Length: "), (400,)),
        Row("a Content-Length with more than a number", unclear("Content-Length: 2 x"), (400,)),
        Row("a blank before its colon", unclear("Content-Length : 2"), (400,), sentence),
        Row("a Content-Length that 64 bits do not hold", unclear("Content-Length: 99999999999999999999999"), (413,)),
        Row("Content-Length and chunks", unclear("Content-Length: 12", "Transfer-Encoding: chunked", body=chunks), (400,), sentence),
        Row("chunks that are also packed", unclear("Transfer-Encoding: gzip, chunked", body=chunks), (400,), sentence),
        Row("Transfer-Encoding: identity", unclear("Transfer-Encoding: identity", body=chunks), (400,), sentence),
        Row("Transfer-Encoding twice", unclear("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=chunks), (400,), sentence),
        Row("chunks in HTTP/1.0", ask("POST", DETECT, "Transfer-Encoding: chunked", version="1.0", body=chunks), (400,), sentence),
        Row("Host twice", unclear("Host: elsewhere", "Content-Length: 2"), (400,), sentence),
        Row("a Content-Length on a folded line", unclear("X: y\r\n Content-Length: 40", "Content-Length: 2"), (400,)),
        Row("a Content-Length behind a lone CR", unclear("X: y\rContent-Length: 40", "Content-Length: 2"), (400,), sentence),
        Row("a NUL in a Content-Length: what is before it counts", unclear("Content-Length: 2\0 0"), (400,), "not a JPEG"),
        Row("a NUL in a Transfer-Encoding: what is before it counts", unclear("Transfer-Encoding: chunked\0x", body=chunks), (400,), "not a JPEG"),
        Row("a NUL in a Host: what is before it counts", b"GET /v2 HTTP/1.1\r\nHost: localhost\0elsewhere.example\r\nConnection: close\r\n\r\n", (200,)),
        Row("a folded first header", b"GET /v2 HTTP/1.1\r\n Host: localhost\r\n\r\n", (400,)),
        Row("a folded header: read as one line, as RFC 9112 allows", get("/v2", "X: y\r\n z"), (200,)),
        Row("a header without a name: it ends the headers", b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n: x\r\nConnection: close\r\n\r\n", (200, 400)),
        Row("lines that end with LF alone: taken, as RFC 9112 allows", get("/v2").replace(b"\r\n", b"\n"), (200,)),
    ]


def chunks():
    broken = "chunked encoding was syntactically incorrect"
    return [
        Row("a size that is no number", chunked(b"zz", b"hi", b"0", b"", b""), (400,), broken),
        Row("a negative size", chunked(b"-2", b"hi", b"0", b"", b""), (400,), broken),
        Row("a size that 64 bits do not hold", chunked(b"fffffffffffffffff", b"hi", b"0", b"", b""), (413,), "too large"),
        Row("more than the size", chunked(b"1", b"hi", b"0", b"", b""), (400,), broken),
        Row("a size without an end", chunked(b"0" * 100000), (500,), "libmicrohttpd"),
        Row("less than the size, and no more", [chunked(b"9", b"hi"), HALF_CLOSE], ()),
        Row("a length in what follows the chunks: looked over", chunked(b"2", b"hi", b"0", b"Content-Length: 40", b"", b""), (400,), "not a JPEG"),
        Row("chunks of one byte, 100,000 of them", chunked(*[b"1", b"x"] * 100000, b"0", b"", b""), (400,), "not a JPEG"),
    ]


def addresses():
    return [
        Row("no such address", get("/nothing"), (404,), "GET /openapi.json"),
        Row("a method that the address does not have", get(DETECT), (405,), "only POST here"),
        Row("no such model", get("/v2/models/nobody"), (404,), "there is no model 'nobody'"),
        Row("no such version", get("/v2/models/default/versions/9"), (404,), "of version 9"),
        Row("a version that is no number", get("/v2/models/default/versions/latest/ready"), (404,), "of version latest"),
        Row("a version of 1,000 digits", get("/v2/models/default/versions/" + "9" * 1000), (404,), "of version 9999"),
        Row("a model's name of 20,000 letters", get("/v2/models/" + "a" * 20000), (404,), "there is no model 'aaaa"),
        Row("a model's name that leads out of the folder", get("/v2/models/..%2f..%2fetc%2fpasswd"), (404,), "nothing here"),
        Row("the same, of a model to load", post("/v2/repository/models/..%2f..%2fetc%2fpasswd/load", b""), (404,), "nothing here"),
        Row("the same, of a parameter", post(DETECT + "?model=../../etc/passwd", b"hi"), (404,), "there is no model '../../etc/passwd'"),
        Row("a model named ..", get("/v2/models/.."), (404,), "there is no model '..'"),
        Row("a file of the page that leads out of it", get("/assets/../serve.c"), (404,), "no such file"),
        Row("NUL in the address, as %00", get("/v2%00"), (404,), "/v2%00"),
        Row("NUL in a model's name, as %00", get("/v2/models/default%00.fov/ready"), (404,), "'default%00.fov'"),
        Row("NUL in a parameter, as %00", post(DETECT + "?score=0.5%00", b"hi"), (400,), "score=0.5%00"),
        Row("invalid UTF-8 in a model's name", get("/v2/models/%ff%fe%c0%af"), (404,), "there is no model '\ufffd"),
        Row("a per cent sign without its digits", get("/v2/models/%zz%4"), (404,), "'%zz%4'"),
        Row("a whole URL", get("http://localhost/v2"), (404,), "nothing here"),
        Row("a whole URL of another server", get("http://elsewhere.example/"), (404,), "nothing here"),
        Row("an asterisk", ask("OPTIONS", "*"), (404,), "nothing here"),
        Row("a way to elsewhere", ask("CONNECT", "elsewhere.example:443"), (404,), "nothing here"),
        Row("loading without leave", post("/v2/repository/models/default/load", b""), (403,), "--allow-control"),
        Row("unloading without leave", post("/v2/repository/models/default/unload", b""), (403,), "--allow-control"),
    ]


def strangers():
    foreign, page = "--allow-host", "pages from elsewhere"
    return [
        Row("a name that was turned to this machine", get("/v2", host="elsewhere.example"), (403,), foreign),
        Row("the same, with the page's own Origin", get("/v2", "Origin: http://elsewhere.example", host="elsewhere.example"), (403,), foreign),
        Row("a name that ends like an address", get("/v2", host="127.0.0.1.elsewhere.example"), (403,), foreign),
        Row("a name in brackets", get("/v2", host="[elsewhere]"), (403,), foreign),
        Row("a name behind an address in brackets", get("/v2", host="[::1]elsewhere.example"), (403,), foreign),
        Row("an address in half a bracket", get("/v2", host="[::1"), (403,), foreign),
        Row("a name behind a port", get("/v2", host="localhost:80@elsewhere.example"), (403,), foreign),
        Row("a name of 300 letters", get("/v2", host="x" * 300), (403,), foreign),
        Row("a page from elsewhere", get("/v2", "Origin: https://elsewhere.example"), (403,), page),
        Row("a page from nowhere", get("/v2", "Origin: null"), (403,), page),
        Row("a page from here, and from elsewhere", get("/v2", "Origin: http://localhost", "Origin: https://elsewhere.example"), (400,), "more than one Origin"),
        Row("a page from no name, and from elsewhere", get("/v2", "Origin: ", "Origin: https://elsewhere.example"), (400,), "more than one Origin"),
    ]


# ---------------------------------------------------------------- photos

def parameters():
    def asked(query, part, status=400, what=None):
        return Row(what or query, post(f"{DETECT}?{query}", b"hi"), (status,), part)

    return [
        asked("score=2", "score=2: expected a number from 0 to 1"), asked("score=nan", "0 to 1"), asked("score=", "score"), asked("nms=-1", "nms=-1"),
        asked("nms=1e999", "nms"), asked("max_faces=0", "1 to"), asked("max_faces=1.5", "max_faces=1.5"),
        asked("max_faces=99999999999999999999", "max_faces"), asked("max_faces=5001", "1 to 5000"), asked("top_k=5001", "1 to 5000"),
        asked("size=0x0", "size=0x0"), asked("size=640", "WxH"), asked("size=tiles:1", "tiles"), asked("size=long:1000000", "long"),
        asked("size=99999999999x2", "size"), asked("scor=0.5", "there is no such parameter"), asked("%00=1", "there is no such parameter"),
        asked("score=0.5&nms=x", "nms=x"), asked("score=%ff", "score"), asked("model=", "there is no model ''", 404), asked("version=9", "of version 9", 404),
        asked("score=" + "9" * 10000, "score", 400, "a score of 10,000 digits"),
    ]


def photos(photo):
    side = 30000
    large = f"{side} x {side} pixels"

    def sent(name, data, status, part):
        return Row(name, post(DETECT, data), (status,), part)

    return [
        sent("nothing", b"", 400, "the body is empty"),
        sent("a text", b"no photo", 400, "looks like a text file"),
        sent("a megabyte of zeros", bytes(MIB), 400, "not a JPEG, PNG or WebP"),
        sent("a GIF", b"GIF89a" + bytes(100), 415, "GIF"),
        sent("the first 40 bytes of a PNG", photo[:40], 400, "the photo"),
        sent("a JPEG without a picture", b"\xff\xd8\xff" + bytes(1000), 400, "JPEG"),
        sent("a WebP without a picture", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(40), 400, "WebP"),
        sent("a PNG of 900 million pixels in 110 KB", pictures.bomb(side), 413, large),
        sent("a PNG of more pixels than 32 bits count, in 70 bytes", pictures.png(2147483647, 2147483647, b""), 400, "PNG"),
        sent("a JPEG of 4 thousand million pixels in 200 bytes", pictures.jpeg(65500, 65500), 413, "65500 x 65500 pixels"),
        sent("a WebP of 268 million pixels in 34 bytes", pictures.webp(16383, 16383), 413, "16383 x 16383 pixels"),
        sent("a PNG of 0 x 0 pixels", pictures.png(0, 0, b""), 400, "PNG"),
        sent("a PNG without height", pictures.png(100, 0, b""), 400, "PNG"),
        sent("a JPEG without height", pictures.jpeg(100, 0), 400, "JPEG"),
        sent("a JPEG of 3,000 scans, each over all of it", pictures.jpeg(1000, 1000, 3000), 413, "scans"),
        sent("a PNG with a text of 64 MiB in 64 KiB", pictures.with_text(photo, 64 * MIB), 400, "PNG"),
        Row("a photo that is packed once more", post(DETECT, photo, "Content-Encoding: gzip"), (415,), "send the body as it is"),
        Row("a network's input of 64 million pixels", post(DETECT + "?size=8000x8000", photo), (413,), "8000 x 8000"),
        Row("64 million black pixels in tiles of 64", post(DETECT + "?size=tiles:64", pictures.bomb(8000)), (413,), "32 times --max-input"),
    ]


def forms(photo):
    limit = "multipart/form-data; boundary=limit"
    part = b'--limit\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    whole, broken = ("photo", "a.png", photo), "boundary right"

    def cut(at):
        headers, body = form(whole)
        return post(DETECT, body[:at], f"Content-Type: {headers['Content-Type']}")

    def named(name):
        return b'--limit\r\nContent-Disposition: form-data; filename="' + name + b'"\r\n\r\nx\r\n--limit--'

    def nested():
        headers, inner = form(whole)
        head = f'--limit\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: {headers["Content-Type"]}\r\n\r\n'.encode()
        return post(DETECT, head + inner + b"\r\n--limit--\r\n", f"Content-Type: {limit}")

    return [
        Row("without its end", cut(-30), (400,), broken),
        Row("that ends in a part's headers", cut(60), (400,), broken),
        Row("that ends within the first boundary", cut(10), (400,), broken),
        Row("of nothing", cut(0), (400,), broken),
        Row("without a boundary in its type", in_form(whole, content_type="multipart/form-data"), (400,), broken),
        Row("with another boundary in its type", in_form(whole, content_type="multipart/form-data; boundary=other"), (400,), broken),
        Row("with a boundary of 1,000 letters", in_form(whole, content_type="multipart/form-data; boundary=" + "x" * 1000), (400,), broken),
        Row("with an empty boundary", in_form(whole, content_type='multipart/form-data; boundary=""'), (400,), broken),
        Row("without a file", in_form(("note", None, b"text")), (400,), "the form has no file"),
        Row("in a form: its photos are not looked for", nested(), (400,), "the form has no file"),
        Row("of 40 photos", in_form(*(("photo", f"{i}.png", b"x") for i in range(40))), (413,), "more than 32 photos"),
        Row("of 30,000 parts that are no files", post(DETECT, part * 30000 + b"--limit--\r\n", f"Content-Type: {limit}"), (400,), "the form has no file"),
        Row("of 16 MiB of dashes", post(DETECT, b"-" * (16 * MIB), f"Content-Type: {limit}"), (400,), broken),
        Row("of 4 million beginnings of a boundary", post(DETECT, b"\r\n--" * (4 * MIB), f"Content-Type: {limit}"), (400,), broken),
        Row("of 16 million lines' ends", post(DETECT, b"\r" * (16 * MIB), f"Content-Type: {limit}"), (400,), broken),
        Row("with a part whose headers never end", post(DETECT, b"--limit\r\n" + b"X: y\r\n" * 5000 + b"\r\n--limit--", f"Content-Type: {limit}"), (400,), broken),
        Row("with an empty photo", in_form(("photo", "empty.png", b"")), (400,), "empty.png"),
        Row("with a name of 5,000 letters", in_form(("photo", "x" * 5000, b"x")), (400,), "xxxx"),
        Row("with invalid UTF-8 and control characters in a name", post(DETECT, named(b"\xff\x01\x7f"), f"Content-Type: {limit}"), (400,), "???: not a JPEG"),
        Row("as the answer to which a picture is wanted, of two photos", marked(whole, whole), (400,), "a picture is the answer to one photo"),
    ]


# ---------------------------------------------------------------- inference

def inference():
    many, members = b"[" + b"0," * MIB + b"0]", b"{" + b",".join(b'"%d":0' % i for i in range(5000)) + b"}"
    return [
        Row("nothing", infer(b""), (400,), "the body is empty"),
        Row("no JSON", infer(b"{"), (400,), "is no JSON: line 1"),
        Row("an array", infer([]), (400,), "expected an object"),
        Row("an object, and more", infer(b"{}" + bytes(5)), (400,), "is no JSON"),
        Row("JSON nested 100,000 deep", infer(b"[" * 100000), (400,), "maximum parsing depth"),
        Row("JSON of a million values", infer(many), (400,), "send tensors as binary data"),
        Row("JSON of 5,000 members", infer(members), (400,), "4096 members"),
        Row("a member twice", infer(b'{"inputs": [], "inputs": []}'), (400,), "duplicate object key"),
        Row("invalid UTF-8", infer(b'{"inputs": "\xff"}'), (400,), "unable to decode byte 0xff"),
        Row("NUL in a text", infer(b'{"id": "a\\u0000b"}'), (400,), "is no JSON"),
        Row("NUL between values", infer(b'{"inputs":\0[]}'), (400,), "is no JSON"),
        Row("a number of a megabyte of digits", infer(b'{"id": ' + b"9" * MIB + b"}"), (400,), "too big integer"),
        Row("a number that is none", infer(b'{"id": NaN}'), (400,), "is no JSON"),
        Row("no input", infer({}), (400,), "these are 0"),
        Row("two inputs", infer({"inputs": [{}, {}]}), (400,), "these are 2"),
        Row("an input that is a number", infer({"inputs": [5]}), (400,), "there are photo (BYTES) and pixels (UINT8)"),
        Row("an input of another name", one(name="image"), (400,), "input 'image'"),
        Row("an input of another type", one(datatype="FP32"), (400,), "expected BYTES"),
        Row("an input without a type", one(datatype=None), (400,), "expected BYTES"),
        Row("a shape without sizes", one(shape=[]), (400,), "a shape of 1 to 4 sizes"),
        Row("a shape of too many sizes", one(shape=[1] * 5), (400,), "a shape of 1 to 4 sizes"),
        Row("a negative size", one(shape=[-1]), (400,), "whole numbers from 1"),
        Row("a size of 0", pixels(shape=[0, 2, 3]), (400,), "whole numbers from 1"),
        Row("a size that is a text", one(shape=["1"]), (400,), "whole numbers from 1"),
        Row("sizes whose product 64 bits do not hold", one(shape=[1000000] * 4), (413,), "18446744073709551615 photos"),
        Row("pixels whose product 32 bits do not hold", pixels(shape=[1000000, 1000000, 3]), (413,), "1000000 x 1000000 is more"),
        Row("pictures whose product 32 bits do not hold", pixels(shape=[1000000, 1000, 1000, 3]), (413,), "1000000 photos"),
        Row("40 pictures", pixels(shape=[40, 1, 1, 3], data=[0] * 120), (413,), "40 photos"),
        Row("pixels of four colours", pixels(shape=[2, 2, 4]), (400,), "[height, width, 3]"),
        Row("pixels in a row", pixels(shape=[4, 3]), (400,), "[height, width, 3]"),
        Row("fewer pixels than the shape says", pixels(data=[0] * 11), (400,), "expected 12 whole numbers"),
        Row("more pixels than the shape says", pixels(data=[0] * 13), (400,), "expected 12 whole numbers"),
        Row("a pixel of 256", pixels(data=[256] * 12), (400,), "0 to 255"),
        Row("half a pixel", pixels(data=[0.5] * 12), (400,), "0 to 255"),
        Row("pixels that are a text", pixels(data="0" * 12), (400,), "expected 12 whole numbers"),
        Row("pixels too many for JSON", pixels(shape=[4000, 4000, 3]), (400,), "send them as binary data"),
        Row("fewer photos than the shape says", one(shape=[2]), (400,), "2 photos, its data has 1"),
        Row("a photo that is no base64", one(data=["***"]), (400,), "base64"),
        Row("a photo that is a number", one(data=[5]), (400,), "base64"),
        Row("data that is no array", one(data="aGVsbG8="), (400,), "data has 0"),
        Row("a photo that is none", one(), (400,), "not a JPEG"),
        Row("an empty photo", one(data=[""]), (400,), "the photo"),
        Row("data twice: as JSON and as binary data", one(parameters={"binary_data_size": 5}), (400,), "either"),
        Row("no data", one(data=None), (400,), "either"),
        Row("memory that is shared", one(parameters={"shared_memory_region": "r"}), (400,), "no shared memory"),
        Row("an output of another name", asking(outputs=[{"name": "masks"}]), (400,), "output 'masks'"),
        Row("outputs that are no array", asking(outputs={}), (400,), "outputs: expected an array"),
        Row("an output as classes", asking(outputs=[{"name": "boxes", "parameters": {"classification": 3}}]), (400,), "classification"),
        Row("a parameter that does not exist", asking(parameters={"scor": 1}), (400,), "there is no such parameter"),
        Row("a parameter that is an array", asking(parameters={"score": [1]}), (400,), "expected a number or a text"),
        Row("a parameter out of its range", asking(parameters={"max_faces": 1000000}), (400,), "1 to 5000"),
        Row("parameters that are a number", asking(parameters=5), (400,), "parameters: expected an object"),
        Row("a negative timeout", asking(parameters={"timeout": -1}), (400,), "timeout: expected microseconds"),
        Row("an id that is a number", asking(id=5), (400,), "id: expected a text"),
        Row("an id of a megabyte", asking(id="7" * MIB), (400,), "id: expected a text of at most"),
        Row("a model that does not exist", infer({}, "/v2/models/nobody/infer"), (404,), "there is no model"),
        Row("a list of models, asked for by no JSON: it is given", post("/v2/repository/index", b"[" * 60000), (200,)),
    ]


def tensors(photo):
    good, header = with_length(photo), "Inference-Header-Content-Length"
    return [
        Row("a byte more than are there", binary(good, len(good) + 1), (400,), "a number up to the"),
        Row("a byte less", binary(good, len(good) - 1), (400,), "are left"),
        Row("a negative number of bytes", binary(good, -1), (400,), "a number up to the"),
        Row("a number of bytes that 64 bits do not hold", binary(good, 10 ** 30), (400,), "too big integer"),
        Row("a number of bytes as a text", binary(good, "5"), (400,), "a number up to the"),
        Row("none", binary(b""), (400,), "end before photo 0"),
        Row("less than a photo's length", binary(b"abc"), (400,), "end before photo 0"),
        Row("a photo's length of 4 thousand million", binary(with_length(b"", 0xffffffff)), (400,), "has 4294967295 bytes"),
        Row("a second photo that is not there", binary(good, shape=(2,)), (400,), "end before photo 1"),
        Row("a second photo that nobody spoke of", binary(good + with_length(b"x")), (400,), "follow its last photo"),
        Row("bytes behind the tensor", binary(good + b"more", len(good)), (400,), "4 bytes follow the tensor"),
        Row("40 photos", binary(bytes(160), shape=(40,)), (413,), "40 photos"),
        Row("pixels with a byte less", binary(bytes(11), shape=(2, 2, 3), name="pixels", datatype="UINT8"), (400,), "its shape says 12 bytes"),
        Row("pixels with a byte more", binary(bytes(13), shape=(2, 2, 3), name="pixels", datatype="UINT8"), (400,), "its shape says 12 bytes"),
        Row("pixels of a shape whose product overflows", binary(bytes(12), shape=(1000000, 1000000, 1000000, 3), name="pixels", datatype="UINT8"), (413,), "is more than"),
        Row("a picture of 900 million pixels in 110 KB", binary(with_length(pictures.bomb(30000))), (413,), "30000 x 30000"),
        Row(f"{header}: negative", binary(good, header="-1"), (400,), header),
        Row(f"{header}: more than the body", binary(good, header=str(1 << 40)), (400,), header),
        Row(f"{header}: more than 64 bits", binary(good, header="9" * 30), (400,), header),
        Row(f"{header}: no number", binary(good, header="12x"), (400,), header),
        Row(f"{header}: within the JSON", binary(good, header="5"), (400,), "is no JSON"),
        Row(f"{header}: 0, and no photo", post(INFER, b"no photo", f"{header}: 0"), (400,), "not a JPEG"),
    ]


# ---------------------------------------------------------------- limits, set low

def slow():
    """A byte now and then starts no limit anew."""
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"

    def drip(text, seconds=0.2):
        return [step for i in range(len(text)) for step in (text[i:i + 1], seconds)]

    return [
        Row("a client that says nothing", b"", ()),
        Row("headers, a byte at a time", drip(b"GET / HTTP/1.1\r\nX: abcdefghijkl"), ()),
        Row("a body that does not come", head, (408,), LATE),
        Row("a body, the end of which does not come", head + bytes(999), (408,), LATE),
        Row("a chunk, the end of which does not come", chunked(b"ffffffffffffffff", b"hi"), (408,), LATE),
        Row("the next request does not come", b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n", (200,)),
    ]


def left():
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    return [
        Row("before a request", [b"", HALF_CLOSE], ()),
        Row("in the first line", [b"GET /v2", HALF_CLOSE], ()),
        Row("in the headers", [b"GET /v2 HTTP/1.1\r\nHost: loc", HALF_CLOSE], ()),
        Row("before the body", [head, HALF_CLOSE], ()),
        Row("in the body", [head + bytes(999), HALF_CLOSE], ()),
        Row("after a request: it is answered", [get("/v2"), HALF_CLOSE], (200,)),
        Row("after three requests at once: they are answered", [get("/v2").replace(b"Connection: close\r\n", b"") * 2 + get("/v2"), HALF_CLOSE], (200, 200, 200)),
        Row("after a request, and in the next", [get("/v2").replace(b"Connection: close\r\n", b"") + b"GET /v2", HALF_CLOSE], (200,)),
    ]


def low_limits(photo):
    small = [("photo", name, b"x") for name in ("a.png", "b.png", "c.png", "d.png")]
    return [
        Row("--max-body 1", post(DETECT, bytes(MIB + 1)), (413,), "--max-body"),
        Row("the same, in chunks", chunked(b"%x" % (MIB + 1), bytes(MIB + 1), b"0", b"", b""), (413,), "--max-body"),
        Row("64 KiB of a body that is no photo", post("/v2/repository/index", bytes(65537)), (413,), "65536 bytes, which is what this server takes here: send less"),
        Row("--max-pixels 300000", post(DETECT, pictures.bomb(1000)), (413,), "the limit is 300000 in all"),
        Row("the same, of pixels", binary(bytes(3 * 600 * 501), shape=(600, 501, 3), name="pixels", datatype="UINT8"), (413,), "more than the 300000 pixels"),
        Row("--max-input 300000", post(DETECT + "?size=640x640", photo), (413,), "takes 300000 pixels at most"),
        Row("--max-photos 3, of a form", in_form(*small), (413,), "more than 3 photos"),
        Row("the same, of a tensor", binary(with_length(photo[:1000]) * 4, shape=(4,)), (413,), "takes 3 at a time"),
        Row("--queue 2", in_form(*small[:3]), (413,), "more than the 2 that this server's queue holds"),
    ]


def low_memory(photo):
    return [Row("--max-memory 0.9, of a body and the picture that is its answer", marked(("photo", "a.png", photo)), (503,), "--max-memory")]


def groups(photo):
    """@param photo a PNG with a face"""
    usual, short = ("--queue-time", "600"), ("--idle-time", "1.5", "--request-time", "1.5")
    return [
        Group("Requests that are no HTTP, or too much of it", usual, no_http(), together=True),
        Group("Requests whose end is not clear", usual, misread()),
        Group("Chunks", usual, chunks(), together=True),
        Group("Addresses", usual, addresses()),
        Group("Strangers", usual, strangers()),
        Group("Parameters", usual, parameters()),
        Group("Photos", usual, photos(photo)),
        Group("Forms", usual, forms(photo)),
        Group("Requests for inference", usual, inference()),
        Group("Binary tensors", usual, tensors(photo)),
        Group("Clients that leave", usual, left(), together=True),
        Group("Clients that are slow", short, slow(), together=True, late=True),
        Group("Limits, set low", (*usual, "--max-body", "1", "--max-pixels", "300000", "--max-input", "300000", "--max-photos", "3", "--queue", "2"), low_limits(photo)),
        Group("Memory, set low", (*usual, "--max-memory", "0.9", "--max-body", "0.8"), low_memory(photo)),
    ]
