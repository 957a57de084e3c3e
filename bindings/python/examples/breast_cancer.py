# SPDX-License-Identifier: Apache-2.0
"""A logistic model on encrypted records: breast_cancer.py tests/data/wdbc/breast_cancer.csv"""
import sys
import numpy as np
import umbra

data = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
held = np.arange(len(data)) % 5 == 0
X, y = data[:, :-1], data[:, -1]
model = umbra.EncryptedLogisticRegression().fit(X[~held], y[~held])
client, server = model.compile(X[~held])            # the client has the secret key, the server the model
batch = client.encrypt(X[held])                     # to the server
answers = server.run(batch, client.keys)            # on encrypted records
print("accuracy", np.mean(client.predict(answers) == y[held]))
