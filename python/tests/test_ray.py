# SPDX-License-Identifier: MIT
"""Ray Data on a cluster of two nodes: the program's faces, from folders, Parquet and tar shards; what happens when workers die."""
import os
import signal
import tarfile

import numpy
import pytest

from tables import COPIES, assert_all_there_once, assert_as_the_program, assert_same, files_of_copies, is_installed, processes

if not is_installed("ray", "pyarrow"):
    pytest.skip("no cluster of Ray: pip install 'ray[data]' pyarrow", allow_module_level=True)

NODE = {"num_cpus": 2, "object_store_memory": 150 << 20}
HEAD = {**NODE, "num_cpus": 3}  # room for two actors and a task that reads, when the other node is lost
MOST_ACTORS = 4  # of one processor each: the other one is for tasks that read


@pytest.fixture(scope="module")
def cluster():
    """Two nodes, the second of which may be lost."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    os.environ["RAY_worker_niceness"] = "0"  # of 15, which is Ray's, little would be left for workers where others work, too
    cluster = Cluster(initialize_head=True, head_node_args=HEAD)
    cluster.add_node(**NODE)
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def rows_of(dataset):
    return {row.pop("path"): row for row in dataset.take_all()}


def test_folder_as_the_program(cluster, photos, program):
    import ray

    import fovea.ray

    (photos / ".hidden.png").unlink()  # older releases of Ray read it
    folder = ray.data.read_binary_files(str(photos), include_paths=True, file_extensions=["png", "jpg"])
    rows = rows_of(fovea.ray.detect_faces(folder, actors=MOST_ACTORS, score=0.02))
    assert_as_the_program(rows, program, photos)


def test_parquet_and_tar(cluster, photos, detector, tmp_path):
    import pyarrow
    from pyarrow import parquet
    import ray

    import fovea.ray

    files = [photos / "0.png", photos / "2.png"]
    parquet.write_table(pyarrow.table({"id": [0, 2], "png": [file.read_bytes() for file in files]}), tmp_path / "photos.parquet")
    with tarfile.open(tmp_path / "photos.tar", "w") as shard:
        for file in files:
            shard.add(file, file.name)
    tar = ray.data.read_webdataset(str(tmp_path / "photos.tar"), decoder=None)
    for faces in (fovea.ray.detect_faces(ray.data.read_parquet(str(tmp_path / "photos.parquet")), "png", actors=1),
                  tar.map_batches(fovea.ray.FaceDetector, fn_constructor_kwargs={"column": "png"}, batch_format="pyarrow", batch_size=64,
                                  compute=ray.data.ActorPoolStrategy(size=1), num_cpus=1)):
        rows = faces.take_all()
        assert len(rows) == 2
        for row, file in zip(sorted(rows, key=lambda row: row["width"], reverse=True), files):
            assert "png" not in row
            assert_same(row, detector.detect(file))


def test_arrays_of_any_sizes(cluster, rgb, detector):
    import ray

    import fovea.ray

    pictures = [rgb, rgb[100:400], rgb[:, :300]]
    dataset = ray.data.from_items([{"id": i, "image": picture} for i, picture in enumerate(pictures)])
    rows = fovea.ray.detect_faces(dataset, "image", actors=1).take_all()
    for row in rows:
        assert_same(row, detector.detect(numpy.ascontiguousarray(pictures[row["id"]])))
    [row] = fovea.ray.detect_faces(ray.data.from_numpy(rgb[None]), "data", actors=1).take_all()
    assert_same(row, detector.detect(rgb))


def test_threads_are_the_actor_s_processors(cluster):
    import ray

    class Asked:  # here, for what lies in a module of tests cannot be found by actors
        def threads(self):
            import fovea.ray

            find = fovea.ray.FaceDetector()._find
            return find.threads, find.detector.backend

    for given, expected in ((2, 2), (1, 1), (0.5, 1)):
        actor = ray.remote(num_cpus=given)(Asked).remote()
        assert ray.get(actor.threads.remote()) == (expected, "cpu")
        ray.kill(actor)


def actors(node):
    """Processes of the actors on a node."""
    return processes(b"ray::MapWorker", node.all_processes["raylet"][0].process.pid)


def many_rows(photos):
    """Rows that can be read again when a node and what it held are lost."""
    import ray

    files = files_of_copies(photos)
    return ray.data.range(len(files) * COPIES, override_num_blocks=20).map(
        lambda row: {"id": row["id"], "path": files[row["id"] % 3]})


def killed_in_the_middle(dataset, kill):
    """All rows; kill() runs when the first are there."""
    rows = []
    for row in dataset.iter_rows():
        rows.append(row)
        if len(rows) == 1:
            kill()
    return rows


def test_actor_killed(cluster, photos, detector):
    import fovea.ray

    dataset = many_rows(photos)
    killed = []

    def kill():
        killed.extend((actors(cluster.head_node) + actors(next(iter(cluster.worker_nodes))))[:1])
        os.kill(killed[0], signal.SIGKILL)

    rows = killed_in_the_middle(fovea.ray.detect_faces(dataset, "path", actors=2, batch_size=2), kill)
    assert killed
    assert_all_there_once(rows, detector, photos)


def test_node_lost(cluster, photos, detector):
    import fovea.ray

    dataset = many_rows(photos)
    lost = next(iter(cluster.worker_nodes))

    def lose():
        assert actors(lost), "no actor works on the node that is to be lost"
        cluster.remove_node(lost, allow_graceful=False)

    rows = killed_in_the_middle(fovea.ray.detect_faces(dataset, "path", actors=(2, 3), batch_size=2), lose)
    assert_all_there_once(rows, detector, photos)
    cluster.add_node(**NODE)


def alive(*nodes):
    return [{"Alive": True, "Resources": node} for node in nodes] + [{"Alive": False, "Resources": {}}]


@pytest.mark.parametrize("nodes, most, actor, room", [
    ([{"CPU": 2}, {"CPU": 2}], 3, {"CPU": 1, "GPU": 0}, 1),
    ([{"CPU": 1}, {"CPU": 1}], 1, {"CPU": 0.5, "GPU": 0}, 1),  # two may leave half a processor on each
    ([{"CPU": 1}, {"CPU": 1}], 3, {"CPU": 0.5, "GPU": 0}, 0.5),
    ([{"CPU": 1}], 0, {"CPU": 1, "GPU": 0}, 1),
    ([{"CPU": 1.1}], 1, {"CPU": 0.1, "GPU": 0}, 1),  # 1.1 - 1 is less than 0.1 in binary
    ([{"CPU": 16, "GPU": 2}], 1, {"CPU": 8, "GPU": 1}, 1),
    ([{"CPU": 17, "GPU": 2}], None, {"CPU": 8, "GPU": 1}, 1),  # no GPU for a third
    ([{"CPU": 8, "GPU": 1}, {"CPU": 2}], None, {"CPU": 8, "GPU": 1}, 1),  # the second node reads
    ([{"CPU": 4}], None, {"CPU": 1, "GPU": 0}, 0),
    ([{"CPU": 4}], None, {"CPU": 0, "GPU": 0}, 1),
    ([{"memory": 1}, {"CPU": 0.5}], None, {"CPU": 1, "GPU": 0}, 1),  # nothing can read yet: the cluster has to grow
])
def test_actors_leave_room_for_what_reads(monkeypatch, nodes, most, actor, room):
    import fovea.ray

    monkeypatch.setattr(fovea.ray.ray, "nodes", lambda: alive(*nodes))
    fovea.ray.check_room(1000 if most is None else most, actor, room)
    if most is not None:
        with pytest.raises(fovea.ArgumentError, match=f"has room for {most} such actors"):
            fovea.ray.check_room(most + 1, actor, room)


def test_pool_without_room_is_refused(cluster, photo):
    import ray

    import fovea.ray

    paths = ray.data.range(4).map(lambda row: {"path": photo})
    with pytest.raises(fovea.ArgumentError, match="has room for 4 such actors"):
        fovea.ray.detect_faces(paths, "path", actors=MOST_ACTORS + 1)
    rows = fovea.ray.detect_faces(paths.materialize(), "path", actors=(MOST_ACTORS + 1, None)).take_all()  # nothing has to be read
    assert len(rows) == 4


def test_wrong_columns_are_told(cluster):
    import ray

    import fovea.ray

    with pytest.raises(Exception, match="no column 'jpg'"):
        fovea.ray.detect_faces(ray.data.from_items([{"bytes": b""}]), "jpg", actors=1).take_all()


def test_part_of_a_gpu(cluster):
    """On the driver that stands in for NVIDIA's: two actors with a quarter of it each."""
    import ray

    folder = os.environ.get("FOVEA_FAKE_DRIVER")
    if not folder:
        pytest.skip("this build has no CUDA backend, or no driver that stands in for NVIDIA's")

    class Asked:
        def backend(self):
            import fovea.ray

            return fovea.ray.FaceDetector()._find.detector.backend

    node = cluster.add_node(num_cpus=2, num_gpus=1, object_store_memory=NODE["object_store_memory"])
    variables = {"LD_LIBRARY_PATH": folder, "FAKE_CUDA_DEVICES": "1"}
    sharing = [ray.remote(num_cpus=0.25, num_gpus=0.25, runtime_env={"env_vars": variables})(Asked).remote() for _ in range(2)]
    assert ray.get([actor.backend.remote() for actor in sharing], timeout=120) == ["cuda", "cuda"]
    for actor in sharing:
        ray.kill(actor)
    cluster.remove_node(node)
