# SPDX-License-Identifier: MIT
"""Ray Data on a cluster of two nodes: the program's faces, from folders, Parquet and tar shards; what happens when workers die."""
import os
import signal
import tarfile

import numpy
import pytest

from tables import assert_failed, assert_same, is_installed, processes, program_records, record_of

if not is_installed("ray", "pyarrow"):
    pytest.skip("no cluster of Ray: pip install 'ray[data]' pyarrow", allow_module_level=True)

NODE = {"num_cpus": 2, "object_store_memory": 150 << 20}
COPIES = 200  # of each photo, so that workers can be killed in the middle


@pytest.fixture(scope="module")
def cluster():
    """Two nodes, the second of which may be lost."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_DATA_DISABLE_PROGRESS_BARS"] = "1"
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    cluster.add_node(**NODE)
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def photos(many):
    """Good photos and a bad one."""
    (many / "bad.jpg").write_bytes(b"\xff\xd8\xff no photo")
    return many


def rows_of(dataset):
    return {row.pop("path"): row for row in dataset.take_all()}


def test_folder_as_the_program(cluster, photos, program):
    import ray

    import fovea.ray

    folder = ray.data.read_binary_files(str(photos), include_paths=True, file_extensions=["png", "jpg"])
    rows = rows_of(fovea.ray.detect_faces(folder, actors=2, score=0.02))
    assert_failed(rows.pop(str(photos / "bad.jpg")))
    (photos / "bad.jpg").unlink()
    assert {path: record_of(row) for path, row in rows.items()} == program_records(program, photos)


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

    files = [str(photos / "0.png"), str(photos / "bad.jpg"), str(photos / "2.png")]
    return ray.data.range(len(files) * COPIES, override_num_blocks=20).map(
        lambda row: {"id": row["id"], "path": files[row["id"] % 3]}), files


def assert_all_there_once(rows, detector, files):
    assert sorted(row["id"] for row in rows) == list(range(len(files) * COPIES))
    for row in rows:
        if row["id"] % 3 == 1:
            assert_failed(row)
        else:
            assert_same(row, detector.detect(files[row["id"] % 3]))


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

    dataset, files = many_rows(photos)
    killed = []

    def kill():
        killed.extend((actors(cluster.head_node) + actors(next(iter(cluster.worker_nodes))))[:1])
        os.kill(killed[0], signal.SIGKILL)

    rows = killed_in_the_middle(fovea.ray.detect_faces(dataset, "path", actors=2, batch_size=2), kill)
    assert killed
    assert_all_there_once(rows, detector, files)


def test_node_lost(cluster, photos, detector):
    import fovea.ray

    dataset, files = many_rows(photos)
    lost = next(iter(cluster.worker_nodes))

    def lose():
        assert actors(lost), "no actor works on the node that is to be lost"
        cluster.remove_node(lost, allow_graceful=False)

    rows = killed_in_the_middle(fovea.ray.detect_faces(dataset, "path", actors=(2, 3), batch_size=2), lose)
    assert_all_there_once(rows, detector, files)
    cluster.add_node(**NODE)


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
