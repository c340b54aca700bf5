# SPDX-License-Identifier: MIT
"""Finds the faces of many photos with Ray Data. python3 ray_faces.py folder|parquet|tar PHOTOS OUT [COLUMN]

PHOTOS is a folder, here or in a bucket, of photos, of Parquet or of tar shards (WebDataset); COLUMN has the photos in the latter two. OUT
gets Parquet. On a cluster: ray job submit --working-dir examples -- python3 ray_faces.py folder s3://bucket/photos s3://bucket/faces
"""
import sys

import ray

import fovea.ray

kind, photos, out = sys.argv[1:4]
if kind == "parquet":
    dataset = ray.data.read_parquet(photos)
elif kind == "tar":
    dataset = ray.data.read_webdataset(photos, decoder=None)  # files stay as they are: Fovea decodes
else:
    dataset = ray.data.read_binary_files(photos, include_paths=True)

faces = fovea.ray.detect_faces(dataset, *sys.argv[4:])  # an actor for each processor; num_cpus=8, num_gpus=1 where there are GPUs
faces.write_parquet(out)
