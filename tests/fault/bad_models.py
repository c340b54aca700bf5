# SPDX-License-Identifier: MIT
"""Model files that are broken, or meant to harm. A generator for each format yields (what it is, bytes, parts of the message)."""
import ctypes
import json
import pickle
import struct
import sys
import types
import zipfile
from io import BytesIO

# ---------------------------------------------------------------- safetensors

def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(begin, end, shape=None, dtype="F32"):
    return {"dtype": dtype, "shape": [(end - begin) // 4] if shape is None else shape, "data_offsets": [begin, end]}


def bad_safetensors():
    deep = b'{"a":' * 100000
    yield "tensors that overlap", safetensors({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)), ["tensor 'b' starts at byte 4", "'a' ends at 8"]
    yield "bytes that no tensor covers", safetensors({"a": tensor(0, 8)}, bytes(12)), ["8", "12"]
    yield "a tensor outside of the file", safetensors({"a": tensor(0, 1 << 40)}, bytes(8)), ["tensor 'a'", "8"]
    yield "a tensor that ends before it begins", safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [8, 4]}}, bytes(8)), ["tensor 'a'"]
    yield "offsets below zero", safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}, bytes(4)), ["tensor 'a'"]
    yield "a shape whose product overflows", safetensors({"a": tensor(0, 4, [1 << 32, 1 << 32])}, bytes(4)), ["tensor 'a'", "shape"]
    yield "a shape with a negative side", safetensors({"a": tensor(0, 4, [-1])}, bytes(4)), ["tensor 'a'", "shape"]
    yield "a shape of 1000 dimensions", safetensors({"a": tensor(0, 4, [1] * 1000)}, bytes(4)), ["tensor 'a'"]
    yield "two tensors of a name", safetensors(b'{"a":{},"a":{}}'), ["byte", "duplicate"]
    yield "a header nested 100,000 deep", safetensors(deep), ["byte", "JSON"]
    yield "a header longer than the file", struct.pack("<Q", 1 << 20) + b'{"a":1}' + bytes(20), ["1048576", "truncated"]
    yield "a header of 2^63 bytes", struct.pack("<Q", 1 << 63) + b"{" + bytes(20), ["not a model"]
    yield "a header that is no object", safetensors(b'{"a":1} ' + b"[" * 10), ["byte", "JSON"]
    yield "a name with control characters", safetensors({"\x1b[2J": tensor(0, 4)}, bytes(4)), ["(?[2J)", "imported as .onnx"]
    yield "a type that is not known", safetensors({"a": tensor(0, 4, dtype="F8_E4M3")}, bytes(4)), ["F8_E4M3", "F32, F16, BF16 or F64"]
    yield "a million empty lists", safetensors(b'{"a":[' + b"[]," * 1000000 + b"1]}"), ["tensor 'a'"]
    yield "a million empty objects", safetensors(b'{"a":[' + b"{}," * 1000000 + b"1]}"), ["tensor 'a'"]
    yield "250,000 tensors of nothing", safetensors(b"{" + b",".join(b'"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % i for i in range(250000)) + b"}"), ["more than 65536 tensors"]


# ---------------------------------------------------------------- .pth

class Made:
    """Pickles as a call of a name, which Python would make when it is loaded."""

    def __init__(self, module, name, *arguments):
        holder = sys.modules.setdefault(module, types.ModuleType(module))
        if not hasattr(holder, name):
            made = type(name, (), {"__module__": module, "__qualname__": name})
            setattr(holder, name, made)
        self.call = getattr(holder, name), arguments

    def __reduce__(self):
        return self.call


class Storage:
    def __init__(self, key, count, kind="FloatStorage"):
        Made("torch", kind)
        self.reference = "storage", getattr(sys.modules["torch"], kind), key, "cpu", count


class Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        return thing.reference if isinstance(thing, Storage) else None


def pickled(thing):
    out = BytesIO()
    Pickler(out, protocol=2).dump(thing)
    return out.getvalue()


def view(storage, sizes, strides, offset=0):
    return Made("torch._utils", "_rebuild_tensor_v2", storage, offset, sizes, strides, False, None)


def pth(data_pkl, storages=None, method=zipfile.ZIP_STORED, **others):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a/data.pkl", data_pkl)
        for key, data in (storages or {}).items():
            archive.writestr(f"a/data/{key}", data)
        for name, data in others.items():
            archive.writestr(name, data)
    return out.getvalue()


def calling(module, name, argument):
    """By hand, since Python's own pickler would look the name up."""
    return pth(b"\x80\x02c" + f"{module}\n{name}\n".encode() + b"X" + struct.pack("<I", len(argument)) + argument + b"\x85R.")


def patched(data, old, new):
    assert data.count(old) == 1, old
    return data.replace(old, new)


def entry_of(data, name):
    """Where the member's entry in the zip's directory begins."""
    at = data.rindex(name) - 46
    assert data[at:at + 4] == b"PK\1\2"
    return at


def with_entry(data, name, at, form, value):
    entry = bytearray(data)
    struct.pack_into(form, entry, entry_of(data, name) + at, value)
    return bytes(entry)


def sharing_bytes():
    """Forty members whose data is the same megabyte: an archive of 41 files in the place of one."""
    storages = {str(i): bytes(1 << 20) if not i else b"" for i in range(40)}
    tensors = {f"t{i}": view(Storage(str(i), 1 << 18), (1 << 18,), (1,)) for i in range(40)}
    data = pth(pickled(tensors), storages)
    first = entry_of(data, b"a/data/0")
    end = struct.unpack_from("<I", data, data.rindex(b"PK\5\6") + 16)[0]
    shared = bytearray(data)
    at = end
    while at < data.rindex(b"PK\5\6"):
        name, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        if data[at + 46:at + 46 + name].startswith(b"a/data/"):
            shared[at + 16:at + 28] = data[first + 16:first + 28]  # checksum and sizes
            shared[at + 42:at + 46] = data[first + 42:first + 46]  # where it lies
        at += 46 + name + extra + comment
    return bytes(shared)


def zip64(size):
    """A directory that sends readers to its 64-bit form, which lies."""
    data = pth(pickled({}))
    end = data.rindex(b"PK\5\6")
    record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, size, size)
    locator = b"PK\6\7" + struct.pack("<IQI", 0, end, 1)
    return data[:end] + record + locator + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xffff, 0xffff, 0xffffffff, 0xffffffff, 0)


def nested():
    return pth(b"PK\3\4" + pth(pickled({}))[4:])


def bad_pth():
    floats = {"0": bytes(16)}
    one = Storage("0", 4)
    yield "os.system", calling("os", "system", b"touch owned"), ["refuses to load os.system", "state_dict"]
    yield "builtins.eval", calling("builtins", "eval", b"1/0"), ["refuses to load builtins.eval"]
    yield "torch.load in the file", calling("torch", "load", b"http://example.org"), ["refuses to load torch.load"]
    yield "torch.storage._load_from_bytes", calling("torch.storage", "_load_from_bytes", b"x"), ["refuses to load torch.storage._load_from_bytes"]
    yield "a name with terminal escapes", calling("os\x1b[2J", "system", b"x"), ["os?[2J"]
    yield "INST, which calls what it names", pth(b"\x80\x02(ios\nsystem\n."), ["byte 3", "opcode"]
    yield "BUILD on a storage class", pth(b"\x80\x02ctorch\nFloatStorage\n}b."), ["no tensors"]
    yield "a whole model with its classes", pth(b"\x80\x02ctorch.nn.modules.conv\nConv2d\n)\x81."), ["holds a whole model"]
    yield "a memo of 2^31", pth(b"\x80\x02}r\xff\xff\xff\x7f."), ["memo index"]
    yield "a memo that was never set", pth(b"\x80\x02h\x07."), ["memo 7 was never set"]
    yield "a list that holds itself", pth(b"\x80\x02]q\x00h\x00a."), ["no tensors"]
    yield "a dict that holds itself as its state_dict", pth(b"\x80\x02}q\x00X\n\x00\x00\x00state_dicth\x00s."), ["no tensors"]
    yield "billion laughs", pth(b"\x80\x02]q\x00" + b"".join(b"](" + b"h" + bytes([i]) * 1 + (b"h" + bytes([i])) * 99 + b"eq" + bytes([i + 1]) for i in range(9)) + b"."), ["10 values are left"]
    yield "ten million lists in lists", pth(b"\x80\x02" + b"]" * 10000000 + b"."), ["more than", "state_dict"]
    yield "ten million lists in lists, deflated", pth(b"\x80\x02" + b"]" * 10000000 + b".", method=zipfile.ZIP_DEFLATED), ["more than", "state_dict"]
    yield "tuples in tuples, 100,000 deep", pth(b"\x80\x02)" + b"\x85" * 100000 + b"."), ["no tensors"]
    yield "a string of 4 GiB", pth(b"\x80\x02X\xff\xff\xff\xffabc."), ["4294967295"]
    yield "a pickle that does not end", pth(b"\x80\x02}"), ["ends in the middle"]
    yield "protocol 200", pth(b"\x80\xc8}."), ["byte"]
    yield "a tensor beyond its storage", pth(pickled({"w": view(one, (5,), (1,))}), floats), ["tensor w", "beyond the 4 elements"]
    yield "strides that leave the storage", pth(pickled({"w": view(one, (2, 2), (1 << 62, 1))}), floats), ["tensor w"]
    yield "an offset that overflows", pth(pickled({"w": view(one, (1,), (1,), (1 << 63) - 1)}), floats), ["tensor w"]
    yield "a shape whose product overflows", pth(pickled({"w": view(one, (1 << 62, 1 << 62), (0, 0))}), floats), ["tensor w", "overflows"]
    yield "a number repeated 2^31 times by its strides", pth(pickled({"w": view(one, (1 << 31,), (0,))}), floats), ["tensor w", "may expand to"]
    yield "a storage of 2^62 elements", pth(pickled({"w": view(Storage("0", 1 << 62), (1,), (1,))}), floats), ["storage of 4611686018427387904"]
    yield "a storage that is not there", pth(pickled({"w": view(Storage("7", 4), (4,), (1,))}), floats), ["tensor w", "not in the file"]
    yield "a storage shorter than it says", pth(pickled({"w": view(Storage("0", 400), (4,), (1,))}), floats), ["16 bytes", "400"]
    yield "members that share their bytes", sharing_bytes(), ["may expand to"]
    yield "a bomb: 64 MiB of zeros in a member", pth(pickled({"w": view(Storage("0", 1 << 24), (1 << 24,), (1,))}), {"0": bytes(1 << 26)}, zipfile.ZIP_DEFLATED), ["may expand to"]
    yield "a bomb: a pickle of 100 MiB", pth(bytes(100 << 20), method=zipfile.ZIP_DEFLATED), ["data.pkl unpacks to 104857600 bytes", "limit"]
    yield "a bomb: a size that deflate cannot reach", with_entry(pth(bytes(4096), method=zipfile.ZIP_DEFLATED), b"a/data.pkl", 24, "<I", 0x40000000), ["cannot unpack"]
    yield "an archive in an archive", nested(), ["byte 0"]
    yield "zip64: a directory of 2^63 bytes", zip64(1 << 63), ["zip"]
    yield "zip64: a directory of 2^32 bytes", zip64(1 << 32), ["zip"]
    yield "a method that is not known", with_entry(pth(pickled({})), b"a/data.pkl", 10, "<H", 99), ["method 99"]
    yield "an encrypted member", with_entry(pth(pickled({})), b"a/data.pkl", 8, "<H", 1), ["encrypted"]
    yield "a checksum that is wrong", with_entry(pth(pickled({})), b"a/data.pkl", 16, "<I", 1), ["data.pkl"]
    yield "two pickles", pth(pickled({}), **{"b/data.pkl": b"x"}), ["no tensors"]
    yield "names that leave the folder", pth(pickled({"w": view(Storage("../../../etc/passwd", 4), (4,), (1,))}), {"../../../etc/passwd": bytes(16)}), ["of no network known here"]
    yield "a TorchScript program", pth(pickled({}), **{"a/constants.pkl": b""}), ["TorchScript"]
    yield "60,000 members", pth(pickled({}), {str(i): b"" for i in range(60000)}), ["no tensors"]
    yield "the first half", pth(pickled({"w": view(one, (4,), (1,))}), floats)[:120], ["no zip directory"]


# ---------------------------------------------------------------- ONNX

def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def inside(field, *parts):
    data = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def value_info(name, sides):
    shape = b"".join(inside(1, number(1, side)) for side in sides)
    return inside(1, name) + inside(2, inside(1, number(1, 1) + inside(2, shape)))


def node(kind, inputs, outputs, *attributes, name="n"):
    return b"".join(inside(1, i) for i in inputs) + b"".join(inside(2, o) for o in outputs) + inside(3, name) + inside(4, kind) + b"".join(inside(5, a) for a in attributes)


def constant(name, sides, raw, kind=1, *more):
    return b"".join(number(1, side) for side in sides) + number(2, kind) + inside(8, name) + (inside(9, raw) if raw is not None else b"") + b"".join(more)


def onnx(nodes, constants=(), inputs=(("x", (1, 3, 64, 64)),), outputs=(("y", ()),), opset=14):
    graph = (b"".join(inside(1, n) for n in nodes) + inside(2, "g") + b"".join(inside(5, c) for c in constants)
             + b"".join(inside(11, value_info(*i)) for i in inputs) + b"".join(inside(12, value_info(*o)) for o in outputs))
    return number(1, 8) + inside(7, graph) + inside(8, number(2, opset))


def external(location, **more):
    entries = {"location": location, **more}
    return constant("w", (4,), None, 1, *(inside(13, inside(1, k) + inside(2, v)) for k, v in entries.items()), number(14, 1))


def bad_onnx():
    relu = node("Relu", ["x"], ["y"])
    yield "external data: /etc/passwd", onnx([relu], [external("/etc/passwd")]), ["tensor 'w'", "'/etc/passwd', which is never opened"]
    yield "external data: ../../secret", onnx([relu], [external("../../secret", offset="0", length="16")]), ["'../../secret', which is never opened"]
    yield "external data: a symbolic link", onnx([relu], [external("link")]), ["'link', which is never opened"]
    yield "a tensor shorter than its shape", onnx([relu], [constant("w", (5,), bytes(16))]), ["tensor 'w'", "4 elements", "needs 5"]
    yield "a tensor longer than its shape", onnx([relu], [constant("w", (3,), bytes(16))]), ["tensor 'w'", "needs 3"]
    yield "a tensor that is torn", onnx([relu], [constant("w", (4,), bytes(15))]), ["tensor 'w'"]
    yield "a shape whose product overflows", onnx([relu], [constant("w", (1 << 32, 1 << 32), bytes(16))]), ["tensor 'w'", "more elements than can be counted"]
    yield "a shape with a negative side", onnx([relu], [constant("w", (-4,), bytes(16))]), ["tensor 'w'", "dimension 0 is -4"]
    yield "a node that reads itself", onnx([node("Add", ["x", "y"], ["y"])]), ["'n'"]
    yield "two nodes that read each other", onnx([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])]), ["'n' (Add) is on a cycle"]
    yield "two values of a name", onnx([node("Relu", ["x"], ["y"]), node("Relu", ["x"], ["y"])]), ["'y'"]
    yield "an input that nothing makes", onnx([node("Relu", ["nobody"], ["y"])]), ["reads 'nobody', which nothing in the graph makes"]
    yield "an output that nothing makes", onnx([node("Relu", ["x"], ["z"])]), ["output 'y' is made by no node"]
    yield "no outputs", onnx([relu], outputs=()), ["no outputs"]
    yield "opset 999", onnx([relu], opset=999), ["opset 999", "9 to 21"]
    yield "no opset", onnx([relu], opset=0), ["opset"]
    yield "an operator that is not known", onnx([node("Launch", ["x"], ["y"])]), ["Launch"]
    yield "a graph in a graph, 1000 deep", deep_graph(), ["nested more than 16 deep"]
    yield "a picture of 2^40 pixels", onnx([relu], inputs=(("x", (1, 3, 1 << 20, 1 << 20)),)), ["x"]
    yield "Expand to 2^40 numbers", onnx([node("Expand", ["x", "s"], ["y"])], [constant("s", (4,), struct.pack("<4q", 1, 3, 1 << 20, 1 << 20), 7)]), ["Expand"]
    yield "ConstantOfShape of 2^31 numbers", onnx([node("ConstantOfShape", ["s"], ["c"]), node("Add", ["x", "c"], ["y"])], [constant("s", (1,), struct.pack("<q", (1 << 31) - 1), 7)]), ["cannot be broadcast"]
    yield "Tile 2^30 times", onnx([node("Tile", ["x", "s"], ["y"])], [constant("s", (4,), struct.pack("<4q", 1, 1, 1 << 15, 1 << 15), 7)]), ["1x3x2097152x2097152"]
    yield "Range without an end", onnx([node("Range", ["a", "b", "c"], ["y"])], [constant(k, (), struct.pack("<f", v)) for k, v in (("a", 0), ("b", float("inf")), ("c", 1))]), ["cannot count from 0 to inf"]
    yield "Concat doubled 40 times", doubled("Concat"), ["output 0 would be"]
    yield "Resize by 1e30", onnx([node("Resize", ["x", "", "s"], ["y"])], [constant("s", (4,), struct.pack("<4f", 1, 1, 1e30, 1e30))]), ["Resize"]
    yield "a convolution of a window of 2^31", onnx([node("Conv", ["x", "w"], ["y"], inside(1, "kernel_shape") + number(8, 1 << 31) * 2 + number(20, 7))], [constant("w", (4, 3, 1, 1), bytes(48))]), ["Conv"]
    yield "20,000 nodes", onnx([node("Relu", ["x"], [f"y{i}"]) for i in range(20000)] + [node("Relu", ["x"], ["y"])]), ["20001 nodes, the limit is 10000"]
    yield "9,999 nodes in the wrong order", onnx([node("Relu", [f"v{i}"], [f"v{i + 1}"]) for i in reversed(range(9998))] + [node("Relu", ["x"], ["v0"])], outputs=(("v9998", ()),)), ["no face detector"]
    yield "a node with 100,000 inputs", onnx([node("Concat", ["x"] * 100000, ["y"])]), ["100000 inputs"]
    yield "five million empty nodes", number(1, 8) + inside(7, inside(1) * 5000000) + inside(8, number(2, 14)), ["unpacked, it would take more than 8 times"]
    yield "a million dimensions", onnx([relu], [number(2, 1) + inside(8, "w") + number(1, 1) * 1000000]), ["tensor 'w'"]
    yield "a length of 2^63", number(1, 8) + b"\x3a" + varint(1 << 63), ["truncated"]
    yield "a number that does not end", number(1, 8) + b"\x3a" + b"\xff" * 11, ["not a model"]
    yield "an output listed 20,000 times", onnx([relu], outputs=[("y", ())] * 20000), ["output 'y' is listed twice"]
    yield "a name of a megabyte", onnx([node("Relu", ["x"], ["y" * 1000000])]), ["a name has 1000000 letters, the limit is 1024"]
    yield "weights that 400 layers read", many_readers(400), ["the layers read 900 MiB of weights where the file has 2 MiB"]
    yield "weights that Concat makes, read by 40 layers", made_and_read(40), ["the layers read 2560 MiB of weights where the file has 1 MiB"]
    yield "a table of 62 million integers, made of a megabyte to look numbers of the heads up in", looked_up(), ["too large to check (more than 67108864 elements)"]
    yield "30,000 names that cannot be printed", onnx([relu], [constant(unprintable(k), (1,), bytes(4)) for k in range(30000)]), ["no face detector"]
    yield "names that are no UTF-8", onnx([node("Relu", ["x"], ["y"]), inside(4, b"\xff\xfe\xc2\x9b")]), ["cannot run 1 operator of this graph: ????"]


def unprintable(k):
    return "".join(chr(1 + (k >> 4 * i & 15)) for i in range(4))


def many_readers(count):
    """Convolutions of one kernel, each of which would be packed."""
    nodes = [node("Conv", [f"v{i}", "w"], [f"v{i + 1}"]) for i in range(count)]
    return onnx([node("Relu", ["x"], ["v0"]), *nodes], [constant("w", (256, 256, 3, 3), bytes(4 * 256 * 256 * 9))], outputs=((f"v{count}", ()),))


def attribute(name, *values):
    """Integers: one alone, or a list."""
    return inside(1, name) + (b"".join(number(8, v) for v in values) + number(20, 7) if len(values) > 1 else number(3, values[0]) + number(20, 2))


def network(layers, kernels, last, side=0, outputs=()):
    """A detector: these layers, whose first reads v0, stand before the heads of its finest level."""
    levels = {8: last, 16: "x16", 32: "x32"}
    strided = [node("Conv", ["x", f"s{s}"], ["v0" if s == 8 else source], attribute("strides", s, s)) for s, source in levels.items()]
    heads = [node("Conv", [source, f"h{width}"], [f"y{stride}_{width}"]) for stride, source in levels.items() for width in (4, 8, 20)]
    kernels = [*kernels, *(constant(f"s{s}", (8, 3, s, s), bytes(4 * 8 * 3 * s * s)) for s in levels),
               *(constant(f"h{width}", (width, 8, 1, 1), bytes(4 * width * 8)) for width in (4, 8, 20))]
    return onnx([*strided, *layers, *heads], kernels, inputs=(("x", (1, 3, side, side)),),
                outputs=[*((f"y{s}_{w}", ()) for s in levels for w in (4, 8, 20)), *((name, ()) for name in outputs)])


def made_and_read(count):
    """A kernel of 64 MiB made of one of a megabyte."""
    sides = attribute("kernel_shape", 512, 512), attribute("pads", 256, 256, 255, 255)
    rows = [node("Concat", [f"w{k}"] * 8, [f"w{k + 1}"], attribute("axis", 2)) for k in range(2)]
    layers = [node("Conv", [f"v{i}", "w2"], [f"v{i + 1}"], *sides) for i in range(count)]
    return network([*rows, *layers], [constant("w0", (8, 8, 8, 512), bytes(4 * 8 * 8 * 8 * 512))], f"v{count}")


def looked_up():
    """Integers take twice the memory of floats, and a table of the tail is there twice."""
    joined = [node("Concat", [f"k{i}"] * times, [f"k{i + 1}"], attribute("axis", 0)) for i, times in enumerate((16, 31))]
    tail = [node("Cast", ["y8_8"], ["i0"], attribute("to", 7)), *(node("Identity", [f"i{i}"], [f"i{i + 1}"]) for i in range(1200)),
            node("Gather", ["k2", "i1200"], ["z"]), node("Cast", ["z"], ["looked_up"], attribute("to", 1))]
    return network([*joined, *tail], [constant("k0", (1 << 17,), bytes(8 << 17), 7)], "v0", side=640, outputs=("looked_up",))


def to_calibrate():
    """(what it is, bytes)"""
    count = 6000
    joined = [node("Concat", [f"v{i}"], [f"v{i + 1}"], attribute("axis", 1)) for i in range(count)]
    yield "6,000 Concats of one input, `calibrate`", network(joined, [], f"v{count}")


def deep_graph():
    graph = inside(2, "g")
    for _ in range(1000):
        graph = inside(1, inside(4, "If") + inside(5, inside(1, "then_branch") + inside(6, graph)))
    return number(1, 8) + inside(7, graph) + inside(8, number(2, 14))


def doubled(kind):
    axis = inside(1, "axis") + number(3, 1) + number(20, 2)
    nodes = [node(kind, [f"v{i}", f"v{i}"], [f"v{i + 1}"], axis) for i in range(40)]
    return onnx([node("Relu", ["x"], ["v0"]), *nodes], outputs=(("v40", ()),))


# ---------------------------------------------------------------- .fov

class Engine:
    """An engine file's sections, to be changed and sealed again: checksums are no obstacle to who means harm."""

    def __init__(self, data):
        self.data = data
        self.xxh3 = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
        self.xxh3.restype, self.xxh3.argtypes = ctypes.c_uint64, [ctypes.c_char_p, ctypes.c_size_t]
        self.count = struct.unpack_from("<I", data, 20)[0]

    def place(self, kind):
        for i in range(self.count):
            found, _, offset, size = struct.unpack_from("<IIQQ", self.data, 64 + 32 * i)
            if found == kind:
                return offset, size
        raise KeyError(kind)

    def sealed(self, data, size=True):
        data = bytearray(data)
        count = min(struct.unpack_from("<I", data, 20)[0], self.count)
        for i in range(count):
            offset, bytes_ = struct.unpack_from("<QQ", data, 64 + 32 * i + 8)
            part = bytes(data[offset:offset + bytes_]) if offset + bytes_ <= len(data) else b""
            struct.pack_into("<Q", data, 64 + 32 * i + 24, self.xxh3(part, len(part)))
        if size:
            struct.pack_into("<Q", data, 40, len(data))
        head = bytes(data[16:64 + 32 * count])
        struct.pack_into("<Q", data, 8, self.xxh3(head, len(head)))
        return bytes(data)

    def changed(self, at, form, value, **how):
        data = bytearray(self.data)
        struct.pack_into(form, data, at, value)
        return self.sealed(data, **how)

    def in_section(self, kind, at, form, value):
        return self.changed(self.place(kind)[0] + at, form, value)

    def with_section(self, kind, content):
        """Another content of any length."""
        places = [struct.unpack_from("<IIQQ", self.data, 64 + 32 * i) for i in range(self.count)]
        table, body = b"", b""
        for found, flags, offset, size in places:
            part = content if found == kind else self.data[offset:offset + size]
            body += bytes(-(64 + 32 * self.count + len(body)) % 64)
            table += struct.pack("<IIQQQ", found, flags, 64 + 32 * self.count + len(body), len(part), 0)
            body += part
        return self.sealed(self.data[:64] + table + body)

    def constants(self):
        """Where the graph says where each constant's elements are."""
        at = self.place(2)[0]
        values = struct.unpack_from("<I", self.data, at + 8)[0]
        at += 16
        for _ in range(values):
            at += 4 + struct.unpack_from("<I", self.data, at)[0]
            flags, rank = self.data[at + 1:at + 3]
            at += 3 + (0 if rank == 255 else 8 * rank)
            if flags & 1:
                yield at
                at += 9 + (4 + struct.unpack_from("<I", self.data, at + 9)[0] if self.data[at + 8] else 0)
            at += 12 if flags & 2 else 0

    def certificate(self, text):
        """Another one, filled up with blanks."""
        size = self.place(5)[1]
        return self.in_section(5, 0, f"{size}s", text.ljust(size))

    def scale(self, value):
        return self.in_section(4, 0, "<f", value)


class Graph:
    """Where in an engine's file its values and nodes have their numbers, as docs/engine-format.md says."""

    def __init__(self, engine):
        self.data, self.at = engine.data, engine.place(2)[0] + 8
        n_values, n_nodes = self.take("<I"), self.take("<I")
        self.values = [self.value() for _ in range(n_values)]
        self.nodes = [self.node() for _ in range(n_nodes)]

    def take(self, form):
        self.at += struct.calcsize(form)
        return struct.unpack_from(form, self.data, self.at - struct.calcsize(form))[0]

    def string(self):
        size = self.take("<I")
        self.at += size

    def value(self):
        self.string()
        found = {"type": self.at, "flags": self.data[self.at + 1], "rank": self.at + 2}
        self.at += 3
        found["sides"] = [self.at + 8 * i for i in range(self.data[found["rank"]])]
        self.at += 8 * len(found["sides"])
        if found["flags"] & 1:
            found["offset"] = self.at
            self.at += 8
            if self.take("<B"):
                self.string()
        if found["flags"] & 2:
            found["scales"] = self.at
            self.at += 12
        return found

    def ids(self):
        count = self.take("<I")
        self.at += 4 * count
        return [self.at - 4 * (count - i) for i in range(count)]

    def node(self):
        found = {"operator": self.at}
        self.string()
        self.string()
        found["inputs"], found["outputs"] = self.ids(), self.ids()
        for _ in range(self.take("<I")):
            self.string()
            bytes_ = {0: 8, 1: 4, 2: 1}[self.take("<B")]
            count = self.take("<I")
            self.at += count * bytes_
        return found

    def constant(self):
        return next(v for v in self.values if v["flags"] & 1 and len(v["sides"]) == 4)

    def id_at(self, at):
        return struct.unpack_from("<I", self.data, at)[0]


def bad_graphs(e):
    g = Graph(e)
    first, last, weights = g.nodes[0], g.nodes[-1], g.constant()
    far = bytearray(e.data)
    for side in weights["sides"]:
        struct.pack_into("<q", far, side, 1 << 20)
    yield "a node that reads itself", e.changed(first["inputs"][0], "<I", g.id_at(first["outputs"][0])), ["x.fov: Conv 'first': input 0, 'first.act', is made by no node before it"]
    yield "a node that reads the last one, a cycle", e.changed(first["inputs"][0], "<I", g.id_at(last["outputs"][0])), ["'landmarks', is made by no node before it"]
    yield "two nodes that make a value", e.changed(last["outputs"][0], "<I", g.id_at(first["outputs"][0])), ["'first.act' exists already"]
    yield "a node that makes a constant", e.changed(last["outputs"][0], "<I", g.values.index(weights)), ["makes the constant 'boxes.weight'"]
    yield "a value that is not there", e.changed(first["inputs"][0], "<I", len(g.values)), ["node 0 names value 43 of 43"]
    yield "a list of 2^32 - 1 inputs", e.changed(first["inputs"][0] - 4, "<I", 0xffffffff), ["ends within node 0"]
    yield "an operator that is not known", e.changed(first["operator"] + 4, "<B", ord("Z")), ["'Zonv' is not known"]
    yield "a shape whose product overflows", e.sealed(far), ["shape 1048576x1048576x1048576x1048576", "too large"]
    yield "a shape with a negative side", e.changed(weights["sides"][0], "<q", -5), ["a dimension of -5"]
    yield "a shape of 200 dimensions", e.changed(weights["rank"], "<B", 200), ["rank 200"]
    yield "a type that is not known", e.changed(weights["type"], "<B", 77), ["element type 77"]
    yield "a tensor outside of its section", e.changed(weights["offset"], "<Q", 1 << 40), ["at 1099511627776 are not within"]
    yield "a tensor that ends behind its section", e.changed(weights["offset"], "<Q", (e.place(3)[1] - 1) // 64 * 64), ["at 13888 are not within the 13952 bytes"]
    yield "a tensor whose end overflows", e.changed(weights["offset"], "<Q", (1 << 64) - 64), ["at 18446744073709551552 are not within"]
    yield "scales outside of their section", e.changed(next(v for v in g.values if "scales" in v)["scales"] + 4, "<Q", 1 << 40), ["1 scales at 1099511627776 are not within"]


def bad_fov(engine):
    e = Engine(engine)
    yield "version 2, from the future", e.changed(16, "<I", 2), ["version 2"]
    yield "a feature that is not known", e.changed(24, "<Q", 1 << 40), ["feature"]
    yield "2^32 - 1 sections", e.changed(20, "<I", 0xffffffff), ["sections"]
    yield "a section outside of the file", e.changed(64 + 8, "<Q", 1 << 40), ["section"]
    yield "a section whose end overflows", e.changed(64 + 16, "<Q", (1 << 64) - 1), ["section"]
    yield "sections that overlap", e.changed(64 + 32 + 8, "<Q", e.place(1)[0]), ["'graph'", "overlaps another"]
    yield "a size that is not the file's", e.changed(40, "<Q", 1 << 40, size=False), ["1099511627776"]
    yield "a checksum that is wrong", engine[:200] + bytes([engine[200] ^ 1]) + engine[201:], ["checksum"]
    yield from bad_graphs(e)
    yield "2^32 - 1 values", e.in_section(2, 8, "<I", 0xffffffff), ["values"]
    yield "constants on the same bytes", e.changed(list(e.constants())[1], "<Q", 0), ["where another's ends at"]
    yield "a scale of NaN", e.scale(float("nan")), ["scale"]
    yield "a scale of infinity", e.scale(float("inf")), ["scale"]
    yield "a scale below zero", e.scale(-1.0), ["scale"]
    yield "a scale of zero", e.scale(0.0), ["scale"]
    yield "a denormal scale", e.scale(1e-42), ["no finite inverse"]
    yield "a zero point of 256", zero_point(e, 256), ["zero point"]
    yield "a certificate with terminal escapes", e.certificate(rb'{"\u001b[2J": [{"\u001b[c": "\u0007"}]}'), None
    yield "a certificate of six million objects", e.with_section(5, b'{"a": [' + b"{}," * 6000000 + b"1]}"), ["section 'certificate': has 18000010 bytes, the most is 16000000"]
    yield "a golden vector of 600,000 layers", e.with_section(6, struct.pack("<III3sI", 1, 1, 1, bytes(3), 600000) + bytes(33 * 600000)), ["section 'golden': a vector has 600000 layers, the most is 50000"]
    yield "a golden vector of a billion layers", e.with_section(6, struct.pack("<III3sI", 1, 1, 1, bytes(3), 10 ** 9) + bytes(1000)), ["section 'golden': it ends within the layers of a vector"]
    yield "meta of a million objects", e.with_section(1, b'{"a": [' + b"{}," * 1000000 + b"1]}"), ["section 'meta': has 3000010 bytes, the most is 1048576"]
    yield "the first half", engine[:len(engine) // 2], ["it was cut or changed"]
    yield "a line end changed, as FTP does", engine.replace(b"\r\n", b"\n", 1), ["not a model"]


def zero_point(e, value):
    """Behind the scales of the first value that has some, found by its being a small whole number."""
    offset, size = e.place(4)
    words = struct.unpack_from(f"<{size // 4}I", e.data, offset)
    first = next(i for i, word in enumerate(words) if 0 < word < 256)
    return e.in_section(4, 4 * first, "<I", value)


# ---------------------------------------------------------------- .wts

def bad_wts():
    yield "more numbers than there are", b"1\nw 4 3f800000 3f800000\n", [":2: tensor 'w'"]
    yield "999,999,999 numbers", b"1\nw 999999999 3f800000\n", ["announces 999999999 numbers"]
    yield "999,999,999 tensors", b"999999999\nw 1 3f800000\n", [":3:", "1 of 999999999 tensors"]
    yield "two tensors of a name", b"2\nw 1 3f800000\nw 1 3f800000\n", ["the same name 'w'"]
    yield "numbers that are none", b"1\nw 1 3g800000\n", ["not 1 to 8 hexadecimal digits"]
    yield "two million numbers of a digit", b"1\nw 2000000" + b" 1" * 2000000 + b"\n", ["of no network known here"]
    yield "a name of 300 letters", b"1\n" + b"w" * 300 + b" 1 3f800000\n", [":2:"]


FORMATS = {"pth": bad_pth, "safetensors": bad_safetensors, "onnx": bad_onnx, "wts": bad_wts}
