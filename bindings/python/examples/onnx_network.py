# SPDX-License-Identifier: Apache-2.0
"""A network from an ONNX file on encrypted records: onnx_network.py MODEL.onnx SAMPLES.npy RECORDS.npy"""
import sys
import numpy as np
import umbra

client, server = umbra.compile(sys.argv[1], calibration=np.load(sys.argv[2]))
batch = client.encrypt(np.load(sys.argv[3]))
answers = server.run(batch, client.keys)
print(client.decrypt(answers))
