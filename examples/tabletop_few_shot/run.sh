#!/bin/sh
# Few-shot on plain simulated tabletop actions, each backbone with and without VgHIF, offline:
#   sh examples/tabletop_few_shot/run.sh OUT [BACKBONE ...]
# 12 of the 18 actions come in pairs that differ in the order of frames alone. What came out stands in docs/explanation/results.md.
set -eu
export OMP_NUM_THREADS=1 # more threads round sums in another order, and the numbers move by a point or two
out=$1
shift
[ $# -gt 0 ] || set -- vifi-clip clip x-clip
actions=push_left,push_right,push_away,push_towards,roll_left,roll_right,put_into,take_out,open_lid,close_lid,cover,uncover
actions=$actions,wave_hand,tap,shake,squeeze,wipe,point_at
[ -f "$out/set/clips.csv" ] || actscribe simulate "$out/set" --plain --tabletop 100 --seed 6 --size 112 --actions "$actions"
for backbone in "$@"; do
  case $backbone in # clip learns nothing unless told to; x-clip learns best at half the rate on other draws
    clip) learns=image rate=1e-3 ;;
    x-clip) learns=image rate=5e-4 ;;
    *) learns=both rate=1e-3 ;;
  esac
  for shots in 8 4 2 16 full; do # 80 updates of 16 clips each; all clips of the training split are seen four times
    case $shots in full) clips=1260 added=5e-3 ;; *) clips=320 added=2e-2 ;; esac # rates: see training.sh
    actscribe benchmark folder --videos "$out/set" --groups '^([0-9]+)$' --backbone "$backbone" --vghif --shots $shots \
      --seeds 5 --out "$out/$backbone" --resume \
      --set optimizer=muon --set learning_rate=$rate --set vghif_learning_rate=$added --set weight_decay=0.05 \
      --set epochs=4 --set clips_per_epoch=$clips --set batch_size=16 --set keep=last --set positive_weight=false \
      --set precision=float32 --set learns=$learns
  done
done
