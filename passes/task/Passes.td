// Passes that turn a graph into a host program over kernels. Their order: form-dispatches, plan-memory,
// then (after the kernels are compiled to the LLVM dialect, or before: they do not depend on it) lower-task.
#ifndef TENSEL_PASSES_TASK_PASSES_TD
#define TENSEL_PASSES_TASK_PASSES_TD

include "passes/NumericPass.td"

def SplitBatchPass : ReassociatingPass<"tensel-split-batch", "::mlir::ModuleOp"> {
  let summary = "Runs a program over slices of its batch, one after the other.";
  let description = [{
    Before dispatches are formed. The batch is the first dim of the first input; a function is left alone where some op mixes samples as far as its indexing
    maps tell, where it has states, or where the batch is no multiple of `rows` (of a symbol only slices of one sample are
    made). Part of what --max-memory may do. Numeric class: reassociates (each sample's sums have the same terms; kernels for fewer rows may
    add them in another order).
  }];
  let options = [Option<"rows", "rows", "int64_t", "1", "Samples in a slice">];
  let dependentDialects = ["::tensel::graph::GraphDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::scf::SCFDialect", "::mlir::math::MathDialect", "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect"];
}

def TileRowsPass : ReassociatingPass<"tensel-tile-rows", "::mlir::ModuleOp"> {
  let summary = "Runs stretches of a program over tiles of rows, one after the other.";
  let description = [{
    Before dispatches are formed. Where most is alive, a stretch of ops is run for some rows of one dim at a time (of a picture, or texts), so that
    of the values between its ends only a tile is alive; rows that the windows of two tiles share are computed for both. Which stretch, from where to where and
    along which dim, is what leaves least alive by an estimate, if the program makes at most half as many elements again for it; then the next one, while it helps and more than `limit` bytes are
    alive. Sizes that vary are not tiled. Part of what --max-memory may do. Numeric class: reassociates (sums have the same terms; kernels for
    fewer rows may add them in another order).
  }];
  let options = [Option<"tiles", "tiles", "int64_t", "2", "How many tiles a stretch has">,
                 Option<"limit", "limit", "int64_t", "0", "Bytes alive at once that are few enough">];
  let dependentDialects = ["::tensel::graph::GraphDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::scf::SCFDialect", "::mlir::math::MathDialect", "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect"];
}

def FormDispatchesPass : ExactPass<"tensel-form-dispatches", "::mlir::ModuleOp"> {
  let summary = "Groups ops into kernels, outlines each group and leaves dispatches with computed dims on the host.";
  let description = [{
    Every public function becomes an entry (attribute `tensel.entry`); every group a private function with `tensel.kernel` and
    `tensel.num_outs`, structurally equal ones shared. Reshapes become task.alias, small integer tensors that follow from dims
    become task.from_elements. Groups that code generation has no code for are split; `task.apart` on a dispatch says why its result
    goes through memory. Writes the module attribute `tensel.kernels`: a list of {name, nodes = source node names, flops, bytes}.
    Numeric class: exact.
  }];
  let options = [Option<"fuse", "fuse", "bool", "true", "Put more than one op into a kernel">];
  let dependentDialects = ["::tensel::task::TaskDialect", "::tensel::graph::GraphDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::func::FuncDialect", "::mlir::affine::AffineDialect",
                           "::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

def ReorderDispatchesPass : ExactPass<"tensel-reorder-dispatches", "::mlir::ModuleOp"> {
  let summary = "Orders the host program's ops so that less is alive at once.";
  let description = [{
    Within each block of an entry; what is alive is taken at the symbols' maxima. Only an order that is better by what is alive at once replaces the
    given one. Part of what --max-memory may do. Numeric class: exact.
  }];
  let options = [Option<"width", "width", "int64_t", "24", "How many beginnings of the program the search keeps">];
  let dependentDialects = ["::tensel::task::TaskDialect"];
}

def RematerializePass : ExactPass<"tensel-rematerialize", "::mlir::ModuleOp"> {
  let summary = "Computes cheap values again behind the program's peak instead of keeping them over it.";
  let description = [{
    Cheap are dispatches of kernels that are one elementwise loop nest (elementwise ops, broadcasts, movement, and chains of these), and what
    they are made from in turn. As long as less is alive at the peak by it; ends where at most `limit` bytes are alive. Part of what --max-memory
    may do. Numeric class: exact (the same kernel on the same values).
  }];
  let options = [Option<"limit", "limit", "int64_t", "0", "Bytes alive at once that are few enough">];
  let dependentDialects = ["::tensel::task::TaskDialect", "::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::scf::SCFDialect", "::mlir::math::MathDialect", "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect"];
}

def PlanMemoryPass : ExactPass<"tensel-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Gives every value of the host program a planned value: a size expression and first and last position.";
  let description = [{
    Adds `ids` to dispatches and task.from_elements, `task.ids` to loops (per carried value the buffer it is copied to and the one for the
    way, -1: none; then one per scan output), and to each entry `tensel.planned_values`: a list of {name, size_expr = array<i64>, first, last}.
    The next value of a state (an argument and a result with one `graph.state`) is written into the argument's memory by its dispatch,
    where the old value is not read any more or read in a way that allows it: its id is -2 - N, the memory of argument N. Where that
    cannot be, -tensel-lower-task copies it there at the end, after what else is returned of the old value has been saved: `task.ids`
    of the return says where, -1 for what needs no saving.
    The result of a dispatch takes the buffer of an input that dies there, where the kernel reads it element by element only, or
    changes some of its elements; the kernel then becomes a copy marked `tensel.in_place = array<i64: arguments>`, which reads those
    arguments through its destination.
    Numeric class: exact.
  }];
  let dependentDialects = ["::tensel::task::TaskDialect"];
}

def LowerTaskPass : ExactPass<"tensel-lower-task", "::mlir::ModuleOp"> {
  let summary = "Turns entries into LLVM functions `i32 tensel_entry_NAME(env, inputs, outputs)` (kernel_abi.h).";
  let description = [{
    Writes the module attributes that the package needs:
    `tensel.functions`: a list of {name, entry, inputs, outputs, planned_values = as above, places = strings, dispatches = a list of {kernel,
    nodes = source node names, cost = `task.cost`} by their numbers}, inputs and outputs being lists of
    {name, type, dims = per dim a symbol's name, a number, or -1, state = of an input that is a state the output that is its next
    value, and the other way round}; `tensel.symbols`: a list of {name, min, max, step};
    `tensel.weights`: names in the order of env->weights. Runs after the kernels are LLVM functions. Leaves graph.symbol and graph.weight to the
    writer of the package. Numeric class: exact.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::tensel::task::TaskDialect"];
}

#endif // TENSEL_PASSES_TASK_PASSES_TD
