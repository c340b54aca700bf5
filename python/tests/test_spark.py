# SPDX-License-Identifier: MIT
"""Spark with two executors of one processor each: the program's faces, a model that is sent, what happens when an executor dies."""
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from tables import COPIES, assert_all_there_once, assert_as_the_program, assert_same, files_of_copies, is_installed, processes

if not is_installed("pyspark", "pyarrow") or not shutil.which("java"):
    pytest.skip("no Spark: pip install pyspark pyarrow, and a Java runtime (Debian: default-jre-headless)", allow_module_level=True)

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers have the packages that this one has


@pytest.fixture(scope="module")
def spark():
    from pyspark.sql import SparkSession

    settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    session = SparkSession.builder.master("local-cluster[2,1,1024]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def read(spark, folder):
    return spark.read.format("binaryFile").option("recursiveFileLookup", "true").option("pathGlobFilter", "*.{png,jpg}").load(str(folder))


def rows_of(df):
    rows = [row.asDict(recursive=True) for row in df.collect()]
    return {row.pop("path").removeprefix("file:"): row for row in rows}


def test_folder_as_the_program(spark, photos, program):
    import fovea.spark

    rows = rows_of(fovea.spark.detect_faces(read(spark, photos).where("path not like '%/.hidden.png'"), score=0.02))
    assert_as_the_program(rows, program, photos)


def test_model_is_sent_with_its_settings(spark, photos, tmp_path):
    import fovea.spark

    model = str(tmp_path / "mine.wts")
    subprocess.run([os.environ["FOVEA_CLI"], "convert", "default", model], check=True, stdout=subprocess.PIPE)
    (tmp_path / "mine.wts.settings").write_text("leaky = 0.3\n")
    rows = rows_of(fovea.spark.detect_faces(read(spark, photos).where("path like '%0.png'"), model=model, precision="fp32"))
    with fovea.Detector(model, precision="fp32") as detector:
        assert_same(rows[str(photos / "0.png")], detector.detect(photos / "0.png"))


def test_types_of_other_columns_stay(spark, photos):
    import fovea.spark

    df = read(spark, photos)
    found = fovea.spark.detect_faces(df, prefix="face_")
    assert found.columns == ["path", "modificationTime", "length", "face_width", "face_height", "face_faces", "face_error"]
    assert found.schema["modificationTime"] == df.schema["modificationTime"]
    assert fovea.spark.detect_faces(df, keep_photos=True).columns[3] == "content"


def test_wrong_columns_are_told_by_the_driver(spark, photos):
    import fovea.spark

    for column, words in (("jpg", "no column 'jpg'"), ("length", "has the type bigint")):
        with pytest.raises(fovea.ArgumentError, match=words):
            fovea.spark.detect_faces(read(spark, photos), column)


def test_executor_killed(spark, photos, detector, tmp_path):
    import fovea.spark

    files = files_of_copies(photos)
    rows = [(i, files[i % 3]) for i in range(len(files) * COPIES)]
    df = spark.createDataFrame(rows, "id int, path string").repartition(20)
    found = fovea.spark.detect_faces(df, "path")
    killed = []

    def kill():
        tracker = spark.sparkContext.statusTracker()
        while not any(0 < stage.numCompletedTasks < stage.numTasks == 20 for stage in map(tracker.getStageInfo, tracker.getActiveStageIds())
                      if stage):
            time.sleep(0.02)
        killed.append(processes(b"CoarseGrainedExecutorBackend", os.getpid())[0])
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    found.write.parquet(str(tmp_path / "faces"))
    thread.join(60)
    assert killed
    rows = [row.asDict(recursive=True) for row in spark.read.parquet(str(tmp_path / "faces")).collect()]
    assert_all_there_once(rows, detector, photos)
