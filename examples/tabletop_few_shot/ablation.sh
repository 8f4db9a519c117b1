#!/bin/sh
# What of VgHIF matters, on other scenes than run.sh tests on: ViFi-CLIP, 8 shots, two seeds.
#   sh examples/tabletop_few_shot/ablation.sh OUT
set -eu
out=$1
added=2e-2
actions=push_left,push_right,push_away,push_towards,roll_left,roll_right,put_into,take_out,open_lid,close_lid,cover,uncover
actions=$actions,wave_hand,tap,shake,squeeze,wipe,point_at
[ -f "$out/set/clips.csv" ] || actscribe simulate "$out/set" --plain --tabletop 80 --seed 5 --size 112 --actions "$actions"
few() { # name of the folder, then options
  folder=$out/$1
  shift
  actscribe benchmark folder --videos "$out/set" --groups '^([0-9]+)$' --backbone vifi-clip --shots 8 --seeds 2 \
    --out "$folder" --resume \
    --set optimizer=muon --set learning_rate=$rate --set weight_decay=0.05 \
    --set epochs=4 --set clips_per_epoch=320 --set batch_size=16 --set keep=last --set positive_weight=false \
    --set precision=float32 "$@"
}
vary() { # name of the folder, then options; the runs without VgHIF are those of "as-it-is"
  mkdir -p "$out/$1"
  for seed in 0 1; do
    [ -d "$out/$1/vifi-clip-8-seed$seed" ] || cp -r "$out/as-it-is/vifi-clip-8-seed$seed" "$out/$1/"
  done
  few "$@" --vghif --set vghif_learning_rate=$added
}
for rate in 3e-4 3e-3 1e-2; do few "rate-$rate"; done
rate=1e-3
few as-it-is
vary as-it-is
for added in 1e-3 5e-3; do vary "vghif-rate-$added"; done
added=2e-2
vary time-none --set vghif.time=none
vary time-learned --set vghif.time=learned
vary level-last --set 'vghif.levels=[4]'
vary level-first --set 'vghif.levels=[1]'
vary deep-first --set vghif.order=deep-to-shallow
vary tokens-pooled --set vghif.tokens=pooled
vary tokens-class-pooled --set vghif.tokens=class+pooled
vary refine-text --set vghif.refine=text
vary share-all --set vghif.share=all
vary start-gate --set vghif.start=gate
vary start-none --set vghif.start=none
vary motion --set vghif.motion=true
