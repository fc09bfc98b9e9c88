# Trains and registers a version, run by MLflow: python mlflow_release.py SERVER MODEL SNAPSHOT NUMBER
import hashlib
import sys

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

server, model, snapshot, number = sys.argv[1:]
mlflow.set_tracking_uri(server)
mlflow.set_experiment("shop")
client = MlflowClient()
try:
    client.get_registered_model(model)
except MlflowException:
    client.create_registered_model(model)
with mlflow.start_run(run_name=f"train {number}") as run:
    rows = pd.DataFrame({"ratio": [0.1 * int(number), 0.2], "approved": [0, 1]})
    mlflow.log_input(mlflow.data.from_pandas(rows, source="data/snapshot", name=snapshot), context="training")
    mlflow.log_metrics({"auc": 0.7 + int(number) / 10})
    mlflow.log_text(f"weights {number}", "model/weights.txt")
version = client.create_model_version(model, f"runs:/{run.info.run_id}/model", run.info.run_id)
digest = hashlib.sha256(f"weights {number}".encode()).hexdigest()
client.set_model_version_tag(model, version.version, "digest", f"sha256:{digest}")
