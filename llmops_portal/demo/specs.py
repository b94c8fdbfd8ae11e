"""What the demo asks for: two training jobs and one deployment, as anybody would write them."""

from typing import Any

Json = dict[str, Any]

TEAM = "voc"
ROUTE = "voc-triage"
PROMPT = "voc-triage"
MAX_ANSWER_TOKENS = 24
RISK_TIER = "limited"

ARCHITECTURE: Json = {
    "hidden_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 1024,
    "max_position_embeddings": 512,
}


def pretrain(dataset: Json) -> Json:
    """A small llama from nothing, on the corpus."""
    return {
        "owner_team": TEAM,
        "job_type": "PRETRAIN",
        "model_family": "llama",
        "base_model_ref": None,
        "dataset_ref": _ref(dataset),
        "hyperparams": {"lr": 2e-3, "batch_size": 16, "num_epochs": 15, "max_seq_len": 128, "precision": "fp32"},
        "method": "full",
        "architecture": ARCHITECTURE,
        "resources": {"gpus": 0, "gpu_type": "", "nodes": 1},
        "output": {"artifact_name": "voc-base", "save_format": "safetensors"},
        "use_gpu": False,
    }


def fine_tune(dataset: Json, base: Json) -> Json:
    """The same model, tuned to answer with intent and department."""
    return {
        "owner_team": TEAM,
        "job_type": "SFT",
        "model_family": "llama",
        "base_model_ref": base["id"],
        "dataset_ref": _ref(dataset),
        "hyperparams": {"lr": 1e-3, "batch_size": 8, "num_epochs": 10, "max_seq_len": 160, "precision": "fp32"},
        "method": "full",
        "resources": {"gpus": 0, "gpu_type": "", "nodes": 1},
        "output": {"artifact_name": "voc-triage", "save_format": "safetensors"},
        "use_gpu": False,
    }


def deployment(model: Json, prompt: Json) -> Json:
    """The tuned model behind a route, on this machine."""
    return {
        "owner_team": TEAM,
        "route_name": ROUTE,
        "environment": "prod",
        "backend": "local",
        "model_ref": model["id"],
        "model_family": "llama",
        "job_type": "SFT",
        "serve_target": "GENERATION",
        "use_gpu": False,
        "resources": {"gpus": 0, "gpu_memory_gb": 0, "cpu": 1, "memory": "2Gi"},
        "runtime": {"max_concurrent_requests": 8, "max_input_tokens": 160, "max_output_tokens": MAX_ANSWER_TOKENS},
        "rollout": {"strategy": "blue-green", "traffic_split": {"old": 0, "new": 100}},
        "prompt_policy": {"template": PROMPT, "version": prompt["number"]},
    }


def _ref(dataset: Json) -> Json:
    return {
        "name": dataset["name"],
        "version": dataset["version"],
        "type": dataset["type"],
        "storage_uri": dataset["storage_uri"],
    }
