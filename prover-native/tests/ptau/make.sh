#!/bin/sh
# Made these files: `npm install snarkjs@0.7.5`, then this. Contributions are random, so the points differ each time; the tests hold for any.
set -e
s="npx snarkjs powersoftau"
$s new bn128 5 nobody5.ptau
$s contribute nobody5.ptau 1.ptau --name=first -e="the first entropy"
$s contribute 1.ptau 2.ptau --name=second -e="the second entropy"
$s beacon 2.ptau 3.ptau 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 10 -n=beacon
$s prepare phase2 3.ptau beacon5.ptau
$s verify beacon5.ptau
$s new bls12-381 4 bls4.ptau
rm 1.ptau 2.ptau 3.ptau
