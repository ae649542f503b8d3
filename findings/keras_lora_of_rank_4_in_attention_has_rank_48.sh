#!/usr/bin/env bash
# Keras 3.15.1: enable_lora(4) on the queries of an attention layer with twelve heads learns a change of rank 48, not 4.
#
# LoRA of rank r (Hu et al. 2022) adds A B to a matrix of d rows and d' columns, A with r columns and B with r rows: the
# change has rank r and r (d + d') numbers. Keras and KerasHub keep the heads of attention apart: the matrix is an array
# (d, heads, d' / heads), and EinsumDense.enable_lora takes only its last axis apart, as its documentation says. So one calls
# backbone.enable_lora(rank=4) on a BERT with twelve heads and trains, in each matrix, a change of rank up to 4 x 12,
# with six times the numbers of the paper's rank 4: 18,560 instead of 3,072. Nothing says so, and ranks of two libraries
# can't be compared.
# What helps: divide the rank by the number of heads, if the paper's is meant; count the trainable numbers.
#
# Installs pinned packages into a temporary folder, prints both counts and the rank, and fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
cat > "$folder/rank.py" <<'PY'
import keras
import numpy as np

WIDTH, HEADS, RANK = 384, 12, 4
attention = keras.layers.MultiHeadAttention(num_heads=HEADS, key_dim=WIDTH // HEADS)
attention(np.zeros((1, 5, WIDTH), "float32"), np.zeros((1, 5, WIDTH), "float32"))
queries = attention.query_dense
before = np.array(queries.kernel).reshape(WIDTH, WIDTH)
queries.enable_lora(RANK)
a, b = queries.lora_kernel_a, queries.lora_kernel_b
b.assign(np.random.default_rng(0).normal(size=b.shape))  # as after training; at first it is 0
change = np.array(queries.kernel).reshape(WIDTH, WIDTH) - before
numbers, paper = int(np.prod(a.shape) + np.prod(b.shape)), RANK * 2 * WIDTH
rank = np.linalg.matrix_rank(change, tol=1e-3 * np.linalg.norm(change, 2))
print(f"asked for rank {RANK}: A {tuple(a.shape)}, B {tuple(b.shape)}")
print(f"the change has rank {rank}; {numbers:,} numbers, by the paper {paper:,}")
assert (rank, numbers) == (RANK * HEADS, 18_560), "this has changed"
PY
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/rank.py"
# Seen:
# asked for rank 4: A (384, 12, 4), B (4, 32)
# the change has rank 48; 18,560 numbers, by the paper 3,072
