#!/usr/bin/env bash
# study.launcher: bash slurm/launch.sh accelerate/fsdp2.yaml
#
# Starts a training stage on every GPU of a Slurm job, on one node or several. How many there are is no part of the
# stage's command, so DVC does not train again for another number. See docs/slurm.md.
set -euo pipefail

config=$1
shift
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
arguments=(
  --config_file "$config"
  --num_machines "$SLURM_JOB_NUM_NODES"
  --num_processes $((SLURM_JOB_NUM_NODES * ${SLURM_GPUS_ON_NODE:-1}))
  --main_process_ip "$first"
  --main_process_port $((20000 + SLURM_JOB_ID % 20000))
)
# shellcheck disable=SC2016 # each node's own SLURM_NODEID
exec srun --ntasks-per-node=1 bash -c 'exec accelerate launch --machine_rank "$SLURM_NODEID" "$@"' \
  launch "${arguments[@]}" "$@"
