#!/usr/bin/env bash
# bash slurm/submit.sh [STAGE…]
#
# The DAG as Slurm jobs: an array a stage, each after the stages it depends on. Prints a line a job. Without arguments
# all of it but the frozen base; else these stages alone, where the rest is in the cache. See docs/slurm.md.
set -euo pipefail

cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
if ! git diff --quiet HEAD; then
  echo "error: uncommitted changes; jobs run what is committed, so commit them first" >&2
  exit 1
fi
COMMIT=$(git rev-parse HEAD)
export COMMIT

# What a task of each stage asks for: fit these to your cluster.
ask() {
  case $1 in
    train_generator | train_verifier) echo --nodes=1 --gpus-per-node=8 --cpus-per-task=32 --mem=0 --time=24:00:00 ;;
    train_sequential) echo --gpus=1 --cpus-per-task=8 --mem=64G --time=24:00:00 ;;
    build_solutions | sample_solutions* | score_solutions*) echo --gpus=1 --cpus-per-task=8 --mem=64G --time=12:00:00 ;;
    *) echo --cpus-per-task=8 --mem=32G --time=4:00:00 ;;
  esac
}

names=$(dvc stage list --name-only)
edges=$(dvc dag --dot | sed -nE 's/^"([^"@]+)(@[^"]*)?" -> "([^"@]+)(@[^"]*)?";$/\1 \3/p' | sort -u)
declare -A ids
for stage in $(tsort <<<"$edges"); do
  if [[ $stage == pretrain_base || $stage == *.dvc || ($# -gt 0 && " $* " != *" $stage "*) ]]; then
    continue
  fi
  mapfile -t targets < <(grep -E "^$stage(@|$)" <<<"$names")
  read -ra options <<<"$(ask "$stage")"
  if ((${#targets[@]} > 1)) && ! grep -qx "$stage $stage" <<<"$edges"; then # items of one stage may need one another
    options+=("--array=0-$((${#targets[@]} - 1))")
  fi
  after=
  while read -r before following; do
    if [[ $following == "$stage" && -n ${ids[$before]:-} ]]; then
      after+=:${ids[$before]}
    fi
  done <<<"$edges"
  if [[ -n $after ]]; then
    options+=("--dependency=afterok$after" --kill-on-invalid-dep=yes)
  fi
  ids[$stage]=$(sbatch --parsable --job-name="$stage" "${options[@]}" slurm/repro.sbatch "${targets[@]}" | cut -d ';' -f 1)
  echo "${ids[$stage]} $stage: ${#targets[@]}"
done
