//! Placing a plan's rows in lanes.

use vouch_poseidon::{ROUNDS, VALUES_IN_ELEMENT};
use vouch_program::{Instruction, Program, Visibility};

use super::{Cell, Column, Hash, HashRow, Layout, MatrixRow, Mul, Piece, Plan, ProductRow, Source, Weights};
use crate::{
    CircuitError, CircuitParams,
    cells::{Count, Lane, LaneRow, Row, in_lanes, in_rows, rows_to},
    number::index,
};

/// Assigns cells to a plan's rows.
///
/// # Errors
/// [`CircuitError`] if they do not fit the parameters.
pub(crate) fn place(program: &Program, p: &CircuitParams, plan: Plan) -> Result<Layout, CircuitError> {
    let too_few =
        |what, needed, available: Count| CircuitError::Rows { what, needed, available: available.get(), k: p.k };
    let usable = p.usable();
    let in_all = |lanes: usize| usable * Count::new(lanes);
    let table_rows = Layout::table_rows(program);
    if table_rows > usable {
        return Err(too_few("the lookup table", table_rows, Count::new(usable)));
    }
    let public = program.public_len();
    if public > usable {
        return Err(too_few("the instance column", public, Count::new(usable)));
    }
    let mut tables = Vec::new();
    let mut at = Row::TOP + Layout::limb_rows(program).get();
    for t in program.tables() {
        tables.push(at);
        at = at + t.segments.len();
    }

    let mut layout = Layout {
        params: p.clone(),
        checks: plan.checks,
        linear: vec![Vec::new(); p.linear_lanes],
        product: vec![Vec::new(); p.product_lanes],
        selections: plan.selections,
        pieces: Vec::new(),
        hash: vec![Vec::new(); p.hash_lanes],
        hashes: Vec::new(),
        constants: Vec::new(),
        copies: Vec::new(),
        home: Vec::new(),
        tables,
        leaf_end: vec![LaneRow::default(); plan.leaves.len()],
        chain_end: vec![LaneRow::default(); plan.chains.len()],
    };

    // Longest first, each into the first lane with room.
    let mut order: Vec<usize> = (0..plan.leaves.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(plan.leaves[i].len()));
    for i in order {
        let leaf = &plan.leaves[i];
        let Some((lane, own)) = in_lanes(&mut layout.linear).find(|(_, lane)| fits(lane, leaf.len(), usable)) else {
            let needed = plan.leaves.iter().map(Vec::len).sum::<Count>();
            return Err(too_few("linear outputs", needed.get(), in_all(p.linear_lanes)));
        };
        own.extend_from_slice(leaf);
        layout.leaf_end[i] = LaneRow { lane, row: Row::new(own.len()) };
    }

    let available = in_all(p.product_lanes);
    if plan.products.len() > available.get() {
        return Err(too_few("products", plan.products.len(), available));
    }
    let available = in_all(p.two_term_lanes);
    if plan.two_terms > available.get() {
        return Err(too_few("products of two terms", plan.two_terms, available));
    }
    for (own, chunk) in layout.product.iter_mut().zip(plan.products.chunks(usable.max(1))) {
        own.extend_from_slice(chunk);
    }

    let mut cursor = Cursor { at: LaneRow::default(), usable, lanes: p.matrix_lanes };
    let available = in_all(p.matrix_lanes);
    let full = || too_few("matrix rows", (available + 1).get(), available);
    for (chain, list) in plan.chains.into_iter().enumerate() {
        cursor.chain(&mut layout, chain, list).ok_or_else(full)?;
    }
    let mut equal = plan.equal;
    for index in 0..layout.checks.len() {
        let check = &layout.checks[index];
        let outputs = check.outputs;
        let list = Plan::weight_chain(check, index, p.weight_columns);
        let end = if list.is_empty() {
            Source::Zero
        } else {
            let chain = layout.chain_end.len();
            layout.chain_end.push(LaneRow::default());
            cursor.chain(&mut layout, chain, list).ok_or_else(full)?;
            Source::Chain(chain)
        };
        equal.push((outputs, end));
    }

    layout.place_selections(program)?;
    layout.place_hashes(program)?;
    layout.homes(program)?;
    layout.copies(program, &equal)?;
    Ok(layout)
}

/// Whether a lane with `usable` rows has room for so many more.
fn fits<T>(lane: &[T], more: usize, usable: usize) -> bool {
    usable.checked_sub(lane.len()).is_some_and(|room| more <= room)
}

/// Fills matrix lanes from the top of the first to the bottom of the last.
struct Cursor {
    at: LaneRow,
    usable: usize,
    lanes: usize,
}

impl Cursor {
    /// Places a chain, continuing it in the next lane where the current one ends. A continuation begins with a row that loads the piece before.
    ///
    /// `None` if it does not fit.
    fn chain(&mut self, layout: &mut Layout, chain: usize, mut list: Vec<MatrixRow>) -> Option<()> {
        loop {
            let LaneRow { lane, row } = self.at;
            if lane.index() >= self.lanes {
                return None;
            }
            let room = self.usable.checked_sub(row.index())?;
            if list.len() <= room {
                self.at.row = row + list.len();
                layout.pieces.push(Piece { chain, lane, row, rows: list });
                layout.chain_end[chain] = self.at;
                return Some(());
            }
            if room >= 2 {
                let rest = list.split_off(room);
                let piece = layout.chain_end.len();
                layout.chain_end.push(LaneRow { lane, row: Row::new(self.usable) });
                layout.pieces.push(Piece { chain: piece, lane, row, rows: list });
                let load = MatrixRow { source: Source::Chain(piece), mul: Mul::Start, weights: Weights::Unit };
                list = std::iter::once(load).chain(rest).collect();
            }
            self.at = LaneRow { lane: lane.next(), row: Row::TOP };
        }
    }
}

impl Layout {
    /// Each matrix that rows are selected from, into the first lane with room.
    fn place_selections(&mut self, program: &Program) -> Result<(), CircuitError> {
        let p = &self.params;
        let usable = p.usable();
        // Rows used, and matrices, of each lane.
        let mut lanes = vec![(0usize, 0u64); p.select_lanes];
        for selection in &mut self.selections {
            if selection.check.packs() > p.weight_columns {
                return Err(CircuitError::Params("fewer weight columns than a selected row needs".to_owned()));
            }
            let rows = selection.rows(program).get();
            let room = |used: usize| usable.checked_sub(used).is_some_and(|room| rows <= room);
            let Some((lane, own)) = in_lanes(&mut lanes).find(|(_, own)| room(own.0)) else {
                let available = (usable * Count::new(p.select_lanes)).get();
                return Err(CircuitError::Rows { what: "selected matrices", needed: rows, available, k: p.k });
            };
            selection.at = LaneRow { lane, row: Row::new(own.0) };
            own.0 = (Count::new(own.0) + rows).get();
            own.1 = own.1.saturating_add(1);
            selection.tag = own.1;
        }
        Ok(())
    }

    /// Packing and rounds of each hashed tensor, each into the first lane with room.
    fn place_hashes(&mut self, program: &Program) -> Result<(), CircuitError> {
        let usable = self.params.usable();
        let needed = Self::hash_blocks(program).into_iter().sum::<Count>().get();
        let mut add = |block: Vec<HashRow>| {
            let Some((lane, own)) = in_lanes(&mut self.hash).find(|(_, lane)| fits(lane, block.len(), usable)) else {
                let available = (usable * Count::new(self.params.hash_lanes)).get();
                return Err(CircuitError::Rows { what: "hashes", needed, available, k: self.params.k });
            };
            let start = LaneRow { lane, row: Row::new(own.len()) };
            own.extend(block);
            Ok(start)
        };
        for (_, wires) in program.tensors().into_iter().filter(|(v, _)| *v == Visibility::Hashed) {
            let first = |i: usize| i.is_multiple_of(VALUES_IN_ELEMENT);
            let mut block: Vec<_> =
                wires.iter().enumerate().map(|(i, &wire)| HashRow::Pack { wire, first: first(i) }).collect();
            block.push(HashRow::Packed);
            let first = add(block)?;
            // An element ends in the row after its last value.
            let mut end = first;
            let elements: Vec<_> = wires
                .chunks(VALUES_IN_ELEMENT)
                .map(|element| {
                    end.row = end.row + element.len();
                    end
                })
                .collect();
            let mut block = Vec::new();
            for pair in 0..Self::pairs(elements.len()).get() {
                block.push(HashRow::Input { hash: self.hashes.len(), pair });
                block.extend((0..ROUNDS).map(HashRow::Round));
            }
            block.push(HashRow::Digest);
            let last = block.len().saturating_sub(1);
            let start = add(block)?;
            let digest = LaneRow { lane: start.lane, row: start.row + last };
            self.hashes.push(Hash { wires, elements, start, digest });
        }
        Ok(())
    }

    /// Rows of the blocks that hashes take.
    pub(crate) fn hash_blocks(program: &Program) -> Vec<usize> {
        let tensors = program.tensors().into_iter().filter(|(v, _)| *v == Visibility::Hashed);
        tensors
            .flat_map(|(_, wires)| {
                let pairs = Self::pairs(wires.len().div_ceil(VALUES_IN_ELEMENT));
                let rounds = pairs * (Count::new(ROUNDS) + 1) + 1;
                [(Count::new(wires.len()) + 1).get(), rounds.get()]
            })
            .collect()
    }

    /// Pairs that a hash absorbs: the salt, then its elements.
    fn pairs(elements: usize) -> Count {
        (Count::new(elements) + 1).div_ceil(2)
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
        let mut home: Vec<Cell> = rows_to(program.constants().len()).map(|row| cell(Column::Constant, row)).collect();
        let mut public = Row::TOP;
        for (visibility, wires) in &program.tensors()[..program.inputs().len()] {
            // Hidden ones get theirs below.
            let here = |i| if *visibility == Visibility::Public { public + i } else { Row::TOP };
            home.extend((0..wires.len()).map(|i| cell(Column::Instance, here(i))));
            public = public + visibility.public_values(wires.len());
        }
        // First wire of each instruction.
        let mut first = Vec::with_capacity(program.instructions().len());
        let mut next = Count::new(home.len());
        for ins in program.instructions() {
            first.push(next);
            next += program.arity_out(ins);
        }
        home.resize(next.get(), cell(Column::Constant, Row::TOP));
        for (lane, own) in in_lanes(&self.linear) {
            for (row, r) in in_rows(own) {
                home[(first[r.instruction] + r.element).get()] = cell(Column::LinearY(lane), row);
            }
        }
        let constants = Count::new(program.constants().len());
        for (lane, own) in in_lanes(&self.product) {
            for (row, r) in in_rows(own) {
                match *r {
                    ProductRow::Product { instruction, element } => {
                        let Instruction::Product(q) = &program.instructions()[instruction] else { continue };
                        let sum = first[instruction] + element;
                        home[sum.get()] = cell(Column::ProductR(lane), row);
                        if q.requant.lookup.is_some() {
                            home[(sum + index(q.len)).get()] = cell(Column::ProductY(lane), row);
                        }
                    }
                    ProductRow::Bound { input, upper } => {
                        if !upper {
                            home[(constants + input).get()] = cell(Column::ProductY(lane), row);
                        }
                    }
                    ProductRow::Max { instruction, group, pair, .. } => {
                        if pair.0 == 0 {
                            home[(first[instruction] + group).get()] = cell(Column::ProductY(lane), row);
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
                    home[(first + g).get()] = home[w.index()];
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
                let LaneRow { lane, row } = self.leaf_end[i];
                Cell { column: Column::LinearAcc(lane), row }
            }
            Source::Chain(i) => {
                let LaneRow { lane, row } = self.chain_end[i];
                Cell { column: Column::MatrixAcc(lane), row }
            }
        }
    }

    fn constant(&self, value: i64) -> Cell {
        let row = self.constants.iter().position(|c| *c == value).unwrap_or(0);
        Cell { column: Column::Constant, row: Row::new(row) }
    }

    fn copies(&mut self, program: &Program, equal: &[(Source, Source)]) -> Result<(), CircuitError> {
        // A copy that is left out would be a constraint that is missing.
        let broken = CircuitError::Layout;
        let mut copies = Vec::new();
        let constants = Count::new(program.constants().len());
        for (lane, own) in in_lanes(&self.product) {
            for (row, r) in in_rows(own) {
                let operand = |i| Cell { column: Column::Operand(lane, i), row };
                match *r {
                    ProductRow::Product { instruction, element } => {
                        let Instruction::Product(q) = &program.instructions()[instruction] else {
                            return Err(broken("the row of a product belongs to another instruction"));
                        };
                        let factors = q.terms.iter().flat_map(|t| [t.a[element], t.b[element]]);
                        copies.extend(factors.enumerate().map(|(i, w)| (operand(i), self.home[w.index()])));
                    }
                    ProductRow::Bound { input, .. } => {
                        copies.push((operand(0), self.home[(constants + input).get()]));
                        copies.extend((1..4).map(|i| (operand(i), self.constant(1))));
                    }
                    ProductRow::Max { instruction, group, pair, last } => {
                        let Instruction::Max(m) = &program.instructions()[instruction] else {
                            return Err(broken("the row of a maximum belongs to another instruction"));
                        };
                        let first = group * Count::new(m.size());
                        copies.push((operand(0), self.home[m.x[(first + pair.0).get()].index()]));
                        copies.push((operand(1), self.home[m.x[(first + pair.1).get()].index()]));
                        if pair.0 == 0 {
                            copies.push((operand(2), self.constant(1)));
                        } else {
                            // Rows of a group follow each other; a group may cross into the next lane.
                            let before = self.before(lane, row);
                            let before = before.ok_or(broken("a maximum has no first row"))?;
                            copies.push((operand(2), Cell { column: Column::ProductR(before.lane), row: before.row }));
                            copies.push((
                                Cell { column: Column::ProductY(lane), row },
                                Cell { column: Column::ProductY(before.lane), row: before.row },
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
        for selection in &self.selections {
            let LaneRow { lane, row } = selection.at;
            let first = row + selection.entries(program);
            for (i, (wire, value)) in selection.reads.iter().enumerate() {
                let cell = |column| Cell { column, row: first + i };
                copies.push((cell(Column::SelectIndex(lane)), self.home[wire.index()]));
                copies.push((cell(Column::SelectValue(lane)), self.cell_of(*value)));
            }
        }
        for &(a, b) in equal {
            copies.push((self.cell_of(a), self.cell_of(b)));
        }
        let mut public = Row::TOP;
        let mut hashes = self.hashes.iter().enumerate();
        for (tensor, (visibility, wires)) in program.tensors().into_iter().enumerate() {
            let instance = |i| Cell { column: Column::Instance, row: public + i };
            match visibility {
                // Inputs have their home there.
                Visibility::Public if tensor < program.inputs().len() => {}
                Visibility::Public => {
                    copies.extend(wires.iter().enumerate().map(|(i, w)| (instance(i), self.home[w.index()])));
                }
                Visibility::Hashed => {
                    let (hash, own) = hashes.next().ok_or(broken("a hashed tensor has no hash"))?;
                    self.hash_copies(hash, own, &mut copies)?;
                    let LaneRow { lane, row } = own.digest;
                    copies.push((instance(0), Cell { column: Column::HashState(lane), row }));
                }
                Visibility::Private => {}
            }
            public = public + visibility.public_values(wires.len());
        }
        self.copies = copies;
        Ok(())
    }

    /// The values of a hashed tensor are packed, and the elements absorbed.
    fn hash_copies(&self, hash: usize, own: &Hash, copies: &mut Vec<(Cell, Cell)>) -> Result<(), CircuitError> {
        for (lane, rows) in in_lanes(&self.hash) {
            for (row, r) in in_rows(rows) {
                let work = |which| Cell { column: Column::HashWork(lane, which), row };
                match *r {
                    HashRow::Input { hash: of, pair } if of == hash => {
                        let first = 2 * Count::new(pair);
                        let sources = [first, first + 1].map(|i| self.absorbed(own, i.get()));
                        copies.extend(sources.into_iter().zip([1, 2]).filter_map(|(s, which)| Some((work(which), s?))));
                    }
                    _ => {}
                }
            }
        }
        let Some(&LaneRow { lane, row: end }) = own.elements.last() else { return Ok(()) };
        let first = end.up(own.wires.len()).ok_or(CircuitError::Layout("a hash begins above its lane"))?;
        for (i, w) in own.wires.iter().enumerate() {
            copies.push((Cell { column: Column::HashWork(lane, 0), row: first + i }, self.home[w.index()]));
        }
        Ok(())
    }

    /// Where the i-th element that a hash absorbs is: the salt is anywhere, those after the last are 0.
    fn absorbed(&self, hash: &Hash, i: usize) -> Option<Cell> {
        let element = i.checked_sub(1)?;
        Some(match hash.elements.get(element) {
            Some(&LaneRow { lane, row }) => Cell { column: Column::HashWork(lane, 1), row },
            None => self.constant(0),
        })
    }

    /// The product row before this one.
    fn before(&self, lane: Lane, row: Row) -> Option<LaneRow> {
        if let Some(row) = row.above() {
            return Some(LaneRow { lane, row });
        }
        let lane = lane.before()?;
        let row = Row::new(self.product[lane].len()).above()?;
        Some(LaneRow { lane, row })
    }
}
