"""The words that the built-in catalogue consists of. Ids, people and figures are invented."""

from __future__ import annotations

# Fixed rows at the head of each type: runbooks and demonstrations may rely on these names.
SYSTEM_HEAD = (
    "Ubuntu 22.04",
    "Ubuntu 24.04",
    "Ubuntu 20.04",
    "Debian 12",
    "Rocky Linux 9.4",
    "Windows Server 2022",
    "Windows 11 专业版",
    "Ubuntu 22.04 基础镜像",
)
# Name, framework, its version, CUDA. Two bear the same name on purpose.
APP_HEAD = (
    ("cuda128_torch291_py312", "PyTorch", "2.9.1", "12.8"),
    ("cuda124_torch251_py311", "PyTorch", "2.5.1", "12.4"),
    ("PyTorch 2.9.1", "PyTorch", "2.9.1", "12.8"),
    ("PyTorch 2.5.1", "PyTorch", "2.5.1", "12.4"),
    ("TensorFlow 2.18", "TensorFlow", "2.18.0", "12.6"),
    ("Pytorch + JupyterLab 教学环境", "PyTorch", "2.3.1", "12.1"),
    ("vLLM 0.11.0", "vLLM", "0.11.0", "12.8"),
    ("ComfyUI", "PyTorch", "2.7.1", "12.6"),
    ("ComfyUI", "PyTorch", "2.9.1", "12.8"),
    ("Stable Diffusion WebUI", "PyTorch", "2.1.2", "11.8"),
    ("LLaMA-Factory 大模型微调", "PyTorch", "2.6.0", "12.4"),
    ("RAGFlow", "", "", "12.4"),
    ("Dify", "", "", "12.4"),
    ("Isaac Sim", "", "", "12.8"),
)
GAME_HEAD = ("黑神话 云游戏环境", "Steam Cloud Desktop", "Unreal Engine 5.5 云渲染")
OTHER_HEAD = ("Blender 4.2 渲染农场", "GROMACS 2024", "OpenFOAM 12 仿真环境")

SYSTEMS = (
    "Ubuntu 22.04",
    "Ubuntu 24.04",
    "Ubuntu 20.04",
    "Debian 12",
    "Rocky Linux 9.4",
    "openEuler 24.03",
    "CentOS 7.9",
)
SYSTEM_KINDS = ("基础镜像", "with Docker", "CUDA 驱动版", "minimal", "桌面版", "server")
GAMES = ("云游戏环境", "Steam Cloud Desktop", "Unreal Engine 云渲染", "Unity 远程开发", "Minecraft Server")
OTHERS = ("Blender 渲染农场", "GROMACS", "OpenFOAM 仿真环境", "AlphaFold 蛋白质结构预测", "LAMMPS", "Relion 冷冻电镜")

FRAMEWORKS = (
    ("PyTorch", ("2.9.1", "2.8.0", "2.7.1", "2.6.0", "2.5.1", "2.3.1", "2.1.2", "1.13.1"), "torch"),
    ("TensorFlow", ("2.18.0", "2.17.1", "2.15.1", "2.12.0"), "tf"),
    ("PaddlePaddle", ("3.2.0", "3.0.0", "2.6.2"), "paddle"),
    ("JAX", ("0.7.2", "0.6.1", "0.4.35"), "jax"),
    ("MindSpore", ("2.7.0", "2.4.1"), "ms"),
    ("vLLM", ("0.11.0", "0.10.2", "0.8.5", "0.6.6"), "vllm"),
)
CUDA = ("12.8", "12.6", "12.4", "12.1", "11.8")
PYTHON = ("3.12", "3.11", "3.10")
APPLICATIONS = (
    "ComfyUI",
    "JupyterLab",
    "Ollama",
    "LLaMA-Factory",
    "Open WebUI",
    "Stable Diffusion WebUI",
    "Code Server",
)
GPU_TYPES = ("4090", "4090_48G", "5090", "3090", "3080Ti", "H20", "A800", "P40", "2080Ti")

AUTHORS = ("官方", "", "UCloud", "算力实验室", "deepfarm", "夜航船", "Lin Qiao", "open-atelier", "小熊AI", "gpu-monkey")
TAG_GROUPS = {
    "AIGC热门": ("AIGC热门", "ComfyUI", "Stable Diffusion"),
    "图像/视频生成": ("图像/视频生成", "数字人", "文生视频"),
    "语音/TTS生成": ("语音/TTS生成", "语音克隆"),
    "LLM": ("LLM", "大模型微调", "推理"),
    "计算机视觉": ("计算机视觉", "目标检测"),
    "科学计算": ("科学计算", "分子动力学"),
    "其他": ("其他", "教学"),
}
# One element may pack several tags, with a full-width comma between them (recorded).
PLATFORM_TAGS: tuple[list[str], ...] = (
    ["pytorch，Pytorch"],
    ["LLM"],
    ["AIGC热门，ComfyUI"],
    ["LLM", "推理，vLLM"],
    ["科学计算"],
    ["深度学习", "PyTorch"],
    [],
)
COMMUNITY_NAMES = (
    "InfiniteTalk 数字人",
    "Demo ComfyUI",
    "Wan2.2 文生视频 一键启动",
    "FLUX.1 Kontext 图像编辑",
    "Qwen3 推理服务",
    "DeepSeek-R1 本地部署",
    "GPT-SoVITS 语音克隆",
    "IndexTTS2 情感语音",
    "HunyuanVideo",
    "YOLO11 目标检测训练",
    "Whisper 字幕生成",
    "AlphaFold3 结构预测",
    "Kohya_ss LoRA 训练",
    "Ollama + Open WebUI",
    "CosyVoice 2",
    "LivePortrait",
    "FaceFusion 3",
    "SadTalker 会说话的照片",
    "MuseTalk 实时口型",
    "Fooocus",
    "SwanLab 训练看板",
    "LatentSync",
    "Hunyuan3D 2.1",
    "Isaac Lab 强化学习",
    "nnU-Net 医学影像分割",
)
EDITIONS = ("整合包", "优化版", "Pro")
CUSTOM_NAMES = (
    "训练环境_v1",
    "golden-ubuntu-22.04",
    "comfyui-prod:2026.11",
    "夜间批处理",
    "inference_base",
    "数据清洗-v2",
)
SHARED_NAMES = ("shared-env", "团队共享_推理", "lab-baseline.2026")
PUBLISHED_NAMES = ("my-comfyui", "My LLM 工具箱", "语音工坊")
