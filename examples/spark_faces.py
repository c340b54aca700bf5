# SPDX-License-Identifier: MIT
"""Finds the faces of a folder of photos with Spark. spark-submit spark_faces.py PHOTOS OUT

OUT gets Parquet: the columns path, modificationTime, length, width, height, faces and error.
"""
import sys

from pyspark.sql import SparkSession

import fovea.spark

spark = SparkSession.builder.appName("faces").getOrCreate()
photos = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(sys.argv[1])
fovea.spark.detect_faces(photos).write.parquet(sys.argv[2])
