#!/bin/sh
# What of the training matters, on the scenes of ablation.sh (run that first, with the same OUT), two seeds:
#   sh examples/tabletop_few_shot/training.sh OUT
# CLIP and X-CLIP at other learning rates, random moments, the rate of VgHIF with all clips. Results: docs/explanation/results.md.
set -eu
out=$1
few() { # name of the folder, backbone, rate, then options
  folder=$out/$1 backbone=$2 rate=$3
  shift 3
  actscribe benchmark folder --videos "$out/set" --groups '^([0-9]+)$' --backbone "$backbone" --seeds 2 \
    --out "$folder" --resume \
    --set optimizer=muon --set learning_rate=$rate --set weight_decay=0.05 --set epochs=4 --set batch_size=16 \
    --set keep=last --set positive_weight=false --set precision=float32 "$@"
}
eight() { few "$@" --shots 8 --set clips_per_epoch=320; }
for rate in 3e-4 1e-3 3e-3 1e-2; do eight "clip-rate-$rate" clip $rate --set learns=image; done
for rate in 2e-4 5e-4 1e-3 2e-3; do eight "x-clip-rate-$rate" x-clip $rate --set learns=image; done
eight moments-5 vifi-clip 1e-3 --vghif --set vghif_learning_rate=2e-2 --set temporal_jitter=5
all_clips() { # backbone, rate, what learns: without VgHIF, and with it at three rates
  few "$1-full" "$1" "$2" --shots full --set learns="$3"
  for added in 2e-2 5e-3 1e-3; do
    folder=$out/$1-full-vghif-$added
    mkdir -p "$folder"
    for seed in 0 1; do # the runs without VgHIF are the same ones
      [ -d "$folder/$1-full-seed$seed" ] || cp -r "$out/$1-full/$1-full-seed$seed" "$folder/"
    done
    few "$1-full-vghif-$added" "$1" "$2" --shots full --vghif --set vghif_learning_rate=$added --set learns="$3"
  done
}
all_clips x-clip 5e-4 image
all_clips vifi-clip 1e-3 both
all_clips clip 1e-3 image
