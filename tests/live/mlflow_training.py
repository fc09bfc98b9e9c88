# A training pipeline, run by MLflow in its own environment: python mlflow_training.py SERVER
import hashlib
import sys

import mlflow
import pandas as pd
from mlflow import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("credit")
client = MlflowClient()
client.create_registered_model(
    "approvals", tags={"owner": "ada@example.org"}, description="Approves mortgages."
)
for number in (1, 2):
    with mlflow.start_run(run_name=f"train {number}") as run:
        rows = pd.DataFrame({"ratio": [0.1 * number, 0.2], "approved": [0, 1]})
        learned = mlflow.data.from_pandas(rows, source="data/set.parquet", name="lending.training_set")
        mlflow.log_input(learned, context="training")
        mlflow.log_params({"c": number, "api_key": "hunter2"})
        mlflow.log_metrics({"auc": 0.7 + number / 10})
        mlflow.log_text(f"weights {number}", "model/weights.txt")
    version = client.create_model_version("approvals", f"runs:/{run.info.run_id}/model", run.info.run_id)
    digest = hashlib.sha256(f"weights {number}".encode()).hexdigest()
    client.set_model_version_tag("approvals", version.version, "digest", f"sha256:{digest}")
client.set_registered_model_alias("approvals", "champion", "1")
