// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// What a compiled key starts with: words, by number. Of the sections that follow, the words say where they start, in bytes from the
// first word.

uint256 constant W_ROWS_LOG = 0; // log2 of the number of rows
uint256 constant W_INSTANCE = 1; // cells of the instance column
uint256 constant W_BLINDING = 2; // blinded rows
uint256 constant W_OMEGA = 3; // the root of unity of the rows
uint256 constant W_FIRST_ROW = 4; // its power at the row after the usable ones
uint256 constant W_N_INVERSE = 5; // 1 / number of rows
uint256 constant W_EVALUATIONS = 6; // values that a proof has
uint256 constant W_SIGMAS_AT = 7; // number of the first value of a permutation polynomial
uint256 constant W_PRODUCTS_AT = 8; // number of the first value of a product
uint256 constant W_PRODUCTS = 9; // products of the permutation argument
uint256 constant W_CHUNK = 10; // columns of a product
uint256 constant W_PERMUTED = 11; // columns of the permutation argument
uint256 constant W_POINTS = 12; // points of a proof before those of the opening
uint256 constant W_LARGEST = 13; // members of the largest group
uint256 constant W_ROTATIONS = 14; // rows, relative to the current one, at which polynomials are opened
uint256 constant W_SHAPES = 15; // shapes of groups
uint256 constant W_GROUPS = 16; // groups
uint256 constant W_CHALLENGES = 17; // challenges of the circuit
uint256 constant W_CONSTANTS = 18; // constants of gates
uint256 constant W_OPERATIONS = 19; // operations of gates
uint256 constant W_GATES = 20; // gates
uint256 constant W_PHASES = 21; // phases
uint256 constant W_TENSORS = 22; // tensors
uint256 constant W_INPUTS = 23; // tensors of inputs
uint256 constant W_DENOMINATORS = 24; // denominators of the opening
uint256 constant W_PUBLIC_BYTES = 25; // bytes of public values
uint256 constant W_DEVELOPMENT = 26; // whether the setup is one for development
uint256 constant W_G2 = 27; // four words: a generator of G2
uint256 constant W_S_G2 = 31; // four words: it times the secret of the reference string
uint256 constant W_PHASES_AT = 35; // of each phase: groups, challenges, the numbers of these; two bytes each
uint256 constant W_ROTATIONS_AT = 36; // powers of the root of unity
uint256 constant W_SHAPES_AT = 37; // of each: members, rows, the numbers of these; two bytes each
uint256 constant W_GROUPS_AT = 38; // of each: shape, place of the commitment, the numbers of values; two bytes each
uint256 constant W_KEY_POINTS_AT = 39; // two words each
uint256 constant W_PERMUTED_AT = 40; // the numbers of values; two bytes each
uint256 constant W_CONSTANTS_AT = 41; // words
uint256 constant W_OPERATIONS_AT = 42; // of each: kind (0 negated, 1 sum, 2 difference, 3 product), two numbers of values; two bytes each
uint256 constant W_GATES_AT = 43; // the numbers of values; two bytes each
uint256 constant W_TENSORS_AT = 44; // words: what is shown, number of values, least, most (64 bits each)
uint256 constant W_SCHEMA_AT = 45; // the tensors as the key describes them
uint256 constant W_SCHEMA_BYTES = 46; // bytes of that
uint256 constant W_HIDDEN = 47; // whether each tensor says what is shown of it
uint256 constant W_HEADER = 48; // number of words
