//! Placing a plan's rows in lanes.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "rows and columns; overflow checks are on for this crate in this repository's profiles"
)]

use vouch_poseidon::{ROUNDS, VALUES_IN_ELEMENT};
use vouch_program::{Instruction, Program, Visibility};

use super::{Cell, Column, Hash, HashRow, Layout, MatrixRow, Mul, Piece, Plan, ProductRow, Source, Weights};
use crate::{CircuitError, CircuitParams, number::index};

pub(super) fn place(program: &Program, p: &CircuitParams, plan: Plan) -> Result<Layout, CircuitError> {
    let rows = |what, needed, available| CircuitError::Rows { what, needed, available, k: p.k };
    let usable = p.usable();
    let table_rows = Layout::table_rows(program);
    if table_rows > usable {
        return Err(rows("the lookup table", table_rows, usable));
    }
    let public = program.public_len();
    if public > usable {
        return Err(rows("the instance column", public, usable));
    }
    let mut tables = Vec::new();
    let mut at = 1 + (1usize << program.limb_bits());
    for t in program.tables() {
        tables.push(at);
        at += t.segments.len();
    }

    let mut layout = Layout {
        params: p.clone(),
        checks: plan.checks,
        linear: vec![Vec::new(); p.linear_lanes],
        product: vec![Vec::new(); p.product_lanes],
        pieces: Vec::new(),
        hash: vec![Vec::new(); p.hash_lanes],
        hashes: Vec::new(),
        constants: Vec::new(),
        copies: Vec::new(),
        home: Vec::new(),
        tables,
        leaf_end: vec![(0, 0); plan.leaves.len()],
        chain_end: vec![(0, 0); plan.chains.len()],
    };

    // Longest first, each into the first lane with room.
    let mut order: Vec<usize> = (0..plan.leaves.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(plan.leaves[i].len()));
    for i in order {
        let leaf = &plan.leaves[i];
        let fits = |lane: &&mut Vec<_>| lane.len() + leaf.len() <= usable;
        let Some((lane, own)) = layout.linear.iter_mut().enumerate().find(|(_, l)| fits(l)) else {
            let needed = plan.leaves.iter().map(Vec::len).sum::<usize>();
            return Err(rows("linear outputs", needed, usable * p.linear_lanes));
        };
        own.extend_from_slice(leaf);
        layout.leaf_end[i] = (lane, own.len());
    }

    if plan.products.len() > usable * p.product_lanes {
        return Err(rows("products", plan.products.len(), usable * p.product_lanes));
    }
    if plan.two_terms > usable * p.two_term_lanes {
        return Err(rows("products of two terms", plan.two_terms, usable * p.two_term_lanes));
    }
    for (own, chunk) in layout.product.iter_mut().zip(plan.products.chunks(usable.max(1))) {
        own.extend_from_slice(chunk);
    }

    let mut cursor = Cursor { lane: 0, row: 0, usable, lanes: p.matrix_lanes };
    for (chain, list) in plan.chains.into_iter().enumerate() {
        cursor
            .chain(&mut layout, chain, list)
            .map_err(|()| rows("matrix rows", usable * p.matrix_lanes + 1, usable * p.matrix_lanes))?;
    }
    let mut equal = Vec::new();
    for index in 0..layout.checks.len() {
        let check = &layout.checks[index];
        let outputs = check.outputs;
        let list = Plan::weight_chain(check, index, p.weight_columns);
        let end = if list.is_empty() {
            Source::Zero
        } else {
            let chain = layout.chain_end.len();
            layout.chain_end.push((0, 0));
            cursor
                .chain(&mut layout, chain, list)
                .map_err(|()| rows("matrix rows", usable * p.matrix_lanes + 1, usable * p.matrix_lanes))?;
            Source::Chain(chain)
        };
        equal.push((outputs, end));
    }

    layout.place_hashes(program)?;
    layout.homes(program)?;
    layout.copies(program, &equal);
    Ok(layout)
}

/// Fills matrix lanes from the top of the first to the bottom of the last.
struct Cursor {
    lane: usize,
    row: usize,
    usable: usize,
    lanes: usize,
}

impl Cursor {
    /// Places a chain, continuing it in the next lane where the current one ends. A continuation begins with a row that loads the piece before.
    fn chain(&mut self, layout: &mut Layout, chain: usize, mut list: Vec<MatrixRow>) -> Result<(), ()> {
        loop {
            if self.lane >= self.lanes {
                return Err(());
            }
            let room = self.usable - self.row;
            if list.len() <= room {
                let len = list.len();
                layout.pieces.push(Piece { chain, lane: self.lane, row: self.row, rows: list });
                self.row += len;
                layout.chain_end[chain] = (self.lane, self.row);
                return Ok(());
            }
            if room >= 2 {
                let rest = list.split_off(room);
                let piece = layout.chain_end.len();
                layout.chain_end.push((self.lane, self.usable));
                layout.pieces.push(Piece { chain: piece, lane: self.lane, row: self.row, rows: list });
                let load = MatrixRow { source: Source::Chain(piece), mul: Mul::Start, weights: Weights::Unit };
                list = std::iter::once(load).chain(rest).collect();
            }
            self.lane += 1;
            self.row = 0;
        }
    }
}

impl Layout {
    /// Packing and rounds of each hashed tensor, each into the first lane with room.
    fn place_hashes(&mut self, program: &Program) -> Result<(), CircuitError> {
        let usable = self.params.usable();
        let needed = Self::hash_blocks(program).iter().sum();
        let mut add = |block: Vec<HashRow>| {
            let fits = |lane: &&mut Vec<HashRow>| lane.len() + block.len() <= usable;
            let Some((lane, own)) = self.hash.iter_mut().enumerate().find(|(_, lane)| fits(lane)) else {
                let available = usable * self.params.hash_lanes;
                return Err(CircuitError::Rows { what: "hashes", needed, available, k: self.params.k });
            };
            let start = (lane, own.len());
            own.extend(block);
            Ok(start)
        };
        for (_, wires) in program.tensors().into_iter().filter(|(v, _)| *v == Visibility::Hashed) {
            let first = |i: usize| i.is_multiple_of(VALUES_IN_ELEMENT);
            let mut block: Vec<_> =
                wires.iter().enumerate().map(|(i, &wire)| HashRow::Pack { wire, first: first(i) }).collect();
            block.push(HashRow::Packed);
            let (lane, row) = add(block)?;
            // An element ends in the row after its last value.
            let end = |i: usize| (lane, row + wires.len().min((i + 1) * VALUES_IN_ELEMENT));
            let elements: Vec<_> = (0..wires.len().div_ceil(VALUES_IN_ELEMENT)).map(end).collect();
            let mut block = Vec::new();
            for pair in 0..(1 + elements.len()).div_ceil(2) {
                block.push(HashRow::Input { hash: self.hashes.len(), pair });
                block.extend((0..ROUNDS).map(HashRow::Round));
            }
            block.push(HashRow::Digest);
            let last = block.len() - 1;
            let start = add(block)?;
            self.hashes.push(Hash { wires, elements, start, digest: (start.0, start.1 + last) });
        }
        Ok(())
    }

    /// Rows of the blocks that hashes take.
    pub(crate) fn hash_blocks(program: &Program) -> Vec<usize> {
        let tensors = program.tensors().into_iter().filter(|(v, _)| *v == Visibility::Hashed);
        tensors
            .flat_map(|(_, wires)| {
                let pairs = (1 + wires.len().div_ceil(VALUES_IN_ELEMENT)).div_ceil(2);
                [wires.len() + 1, pairs * (ROUNDS + 1) + 1]
            })
            .collect()
    }

    /// The cell of every wire.
    fn homes(&mut self, program: &Program) -> Result<(), CircuitError> {
        self.constants = program.constants().to_vec();
        for extra in [0, 1] {
            if !self.constants.contains(&extra) {
                self.constants.push(extra);
            }
        }
        if self.constants.len() > self.params.usable() {
            return Err(CircuitError::Rows {
                what: "constants",
                needed: self.constants.len(),
                available: self.params.usable(),
                k: self.params.k,
            });
        }
        let cell = |column, row| Cell { column, row };
        let mut home: Vec<Cell> = (0..program.constants().len()).map(|row| cell(Column::Constant, row)).collect();
        let mut public = 0;
        for (visibility, wires) in &program.tensors()[..program.inputs().len()] {
            // Hidden ones get theirs below.
            let here = |i| if *visibility == Visibility::Public { public + i } else { 0 };
            home.extend((0..wires.len()).map(|i| cell(Column::Instance, here(i))));
            public += visibility.public_values(wires.len());
        }
        // First wire of each instruction.
        let mut first = Vec::with_capacity(program.instructions().len());
        let mut next = home.len();
        for ins in program.instructions() {
            first.push(next);
            next += program.arity_out(ins);
        }
        home.resize(next, cell(Column::Constant, 0));
        for (lane, rows) in self.linear.iter().enumerate() {
            for (row, r) in rows.iter().enumerate() {
                home[first[r.instruction] + r.element] = cell(Column::LinearY(lane), row);
            }
        }
        for (lane, rows) in self.product.iter().enumerate() {
            for (row, r) in rows.iter().enumerate() {
                match *r {
                    ProductRow::Product { instruction, element } => {
                        let Instruction::Product(q) = &program.instructions()[instruction] else { continue };
                        home[first[instruction] + element] = cell(Column::ProductR(lane), row);
                        if q.requant.lookup.is_some() {
                            home[first[instruction] + index(q.len) + element] = cell(Column::ProductY(lane), row);
                        }
                    }
                    ProductRow::Bound { input, upper } => {
                        if !upper {
                            home[program.constants().len() + input] = cell(Column::ProductY(lane), row);
                        }
                    }
                    ProductRow::Max { instruction, group, pair, .. } => {
                        if pair.0 == 0 {
                            home[first[instruction] + group] = cell(Column::ProductY(lane), row);
                        }
                    }
                }
            }
        }
        // The maximum of one operand is that operand.
        for (ins, &first) in program.instructions().iter().zip(&first) {
            if let Instruction::Max(m) = ins
                && m.size() == 1
            {
                for (g, w) in m.x.iter().enumerate() {
                    home[first + g] = home[w.index()];
                }
            }
        }
        self.home = home;
        Ok(())
    }

    /// The cell of a source.
    pub(crate) fn cell_of(&self, source: Source) -> Cell {
        match source {
            Source::Zero => self.constant(0),
            Source::Wire(w) => self.home[w.index()],
            Source::Leaf(i) => {
                let (lane, row) = self.leaf_end[i];
                Cell { column: Column::LinearAcc(lane), row }
            }
            Source::Chain(i) => {
                let (lane, row) = self.chain_end[i];
                Cell { column: Column::MatrixAcc(lane), row }
            }
        }
    }

    fn constant(&self, value: i64) -> Cell {
        let row = self.constants.iter().position(|c| *c == value).unwrap_or(0);
        Cell { column: Column::Constant, row }
    }

    fn copies(&mut self, program: &Program, equal: &[(Source, Source)]) {
        let mut copies = Vec::new();
        for (lane, rows) in self.product.iter().enumerate() {
            for (row, r) in rows.iter().enumerate() {
                let operand = |i| Cell { column: Column::Operand(lane, i), row };
                match *r {
                    ProductRow::Product { instruction, element } => {
                        let Instruction::Product(q) = &program.instructions()[instruction] else { continue };
                        for (i, t) in q.terms.iter().enumerate() {
                            copies.push((operand(2 * i), self.home[t.a[element].index()]));
                            copies.push((operand(2 * i + 1), self.home[t.b[element].index()]));
                        }
                    }
                    ProductRow::Bound { input, .. } => {
                        copies.push((operand(0), self.home[program.constants().len() + input]));
                        copies.extend((1..4).map(|i| (operand(i), self.constant(1))));
                    }
                    ProductRow::Max { instruction, group, pair, last } => {
                        let Instruction::Max(m) = &program.instructions()[instruction] else { continue };
                        let size = m.size();
                        copies.push((operand(0), self.home[m.x[group * size + pair.0].index()]));
                        copies.push((operand(1), self.home[m.x[group * size + pair.1].index()]));
                        if pair.0 == 0 {
                            copies.push((operand(2), self.constant(1)));
                        } else {
                            // Rows of a group follow each other; a group may cross into the next lane.
                            let (from, to) = self.before(lane, row);
                            copies.push((operand(2), Cell { column: Column::ProductR(from), row: to }));
                            copies.push((
                                Cell { column: Column::ProductY(lane), row },
                                Cell { column: Column::ProductY(from), row: to },
                            ));
                        }
                        if last {
                            copies.push((Cell { column: Column::ProductR(lane), row }, self.constant(0)));
                        }
                    }
                }
            }
        }
        for piece in &self.pieces {
            for (i, r) in piece.rows.iter().enumerate() {
                let x = Cell { column: Column::MatrixX(piece.lane), row: piece.row + i };
                copies.push((x, self.cell_of(r.source)));
            }
        }
        for &(a, b) in equal {
            copies.push((self.cell_of(a), self.cell_of(b)));
        }
        let (mut public, mut hash) = (0, 0);
        for (tensor, (visibility, wires)) in program.tensors().into_iter().enumerate() {
            let instance = |i| Cell { column: Column::Instance, row: public + i };
            match visibility {
                // Inputs have their home there.
                Visibility::Public if tensor < program.inputs().len() => {}
                Visibility::Public => {
                    copies.extend(wires.iter().enumerate().map(|(i, w)| (instance(i), self.home[w.index()])));
                }
                Visibility::Hashed => {
                    self.hash_copies(hash, &mut copies);
                    let (lane, row) = self.hashes[hash].digest;
                    copies.push((instance(0), Cell { column: Column::HashState(lane), row }));
                    hash += 1;
                }
                Visibility::Private => {}
            }
            public += visibility.public_values(wires.len());
        }
        self.copies = copies;
    }

    /// The values of a hashed tensor are packed, and the elements absorbed.
    fn hash_copies(&self, hash: usize, copies: &mut Vec<(Cell, Cell)>) {
        for (lane, rows) in self.hash.iter().enumerate() {
            for (row, r) in rows.iter().enumerate() {
                let work = |which| Cell { column: Column::HashWork(lane, which), row };
                match *r {
                    HashRow::Input { hash: of, pair } if of == hash => {
                        let sources = [self.absorbed(hash, 2 * pair), self.absorbed(hash, 2 * pair + 1)];
                        copies.extend(sources.into_iter().zip([1, 2]).filter_map(|(s, which)| Some((work(which), s?))));
                    }
                    _ => {}
                }
            }
        }
        let own = &self.hashes[hash];
        let Some(&(lane, end)) = own.elements.last() else { return };
        let first = end - own.wires.len();
        for (i, w) in own.wires.iter().enumerate() {
            copies.push((Cell { column: Column::HashWork(lane, 0), row: first + i }, self.home[w.index()]));
        }
    }

    /// Where the i-th element that a hash absorbs is: the salt is anywhere, those after the last are 0.
    fn absorbed(&self, hash: usize, i: usize) -> Option<Cell> {
        let element = i.checked_sub(1)?;
        Some(match self.hashes[hash].elements.get(element) {
            Some(&(lane, row)) => Cell { column: Column::HashWork(lane, 1), row },
            None => self.constant(0),
        })
    }

    /// The product row before this one.
    fn before(&self, lane: usize, row: usize) -> (usize, usize) {
        if row > 0 { (lane, row - 1) } else { (lane - 1, self.product[lane - 1].len() - 1) }
    }
}
