// Passes from the graph dialect to itself. Each says its numeric class: exact (same bits), reassociates, or lossy.
#ifndef TENSEL_PASSES_GRAPH_PASSES_TD
#define TENSEL_PASSES_GRAPH_PASSES_TD

include "passes/NumericPass.td"

def CanonicalizePass : ExactPass<"tensel-canonicalize"> {
  let summary = "MLIR's canonicalization; what is left names the source nodes of what it replaced.";
  let description = [{Folds ops and applies the canonicalization patterns of all dialects, as -canonicalize does, and keeps provenance.
    Numeric class: exact.}];
}

def CsePass : ExactPass<"tensel-cse"> {
  let summary = "MLIR's elimination of common subexpressions; the op that stays names the source nodes of those it stands for.";
  let description = [{As -cse, and keeps provenance. Numeric class: exact.}];
}

def DecomposePass : ExactPass<"tensel-decompose"> {
  let summary = "Replaces composite ops (normalizations, softmax, transposed convolution) by their definitions.";
  let description = [{Ops that code generation takes whole (`hasOwnKernel`) stay. Numeric class: exact. The reference interpreter evaluates a
    composite op by the same decomposition.}];
  let options = [Option<"all", "all", "bool", "false", "Replace those with a kernel of their own, too">];
  let dependentDialects = ["::tensel::graph::GraphDialect"];
}

def QuantizeActivationsPass : LossyPass<"tensel-quantize-activations"> {
  let summary = "Makes products with quantized weights products of integers, rounding the other operand.";
  let description = [{
    Numeric class: lossy. graph.matmul of x with a dequantized weight becomes graph.block_matmul of graph.quantize_rows x with the packed weight: a row of
    x has one scale, so an element is off by at most 1/65024 of the row's largest (8 bits: 1/254 of the largest of its 32 neighbours). Weights are not
    rounded again.
  }];
  let options = [Option<"bits", "bits", "int64_t", "16", "Bits of the rounded numbers: 8 or 16">];
  let dependentDialects = ["::tensel::graph::GraphDialect"];
}

def SimplifyMovementPass : ExactPass<"tensel-simplify-movement"> {
  let summary = "Joins transposes, reshapes and casts that follow one another, and moves transposes into matrix products.";
  let description = [{Numeric class: exact. transpose(transpose(x)) becomes one transpose, reshape(reshape(x)) one reshape,
    matmul(transpose(x), y) reads x transposed, an expand that changes nothing disappears.}];
  let dependentDialects = ["::tensel::graph::GraphDialect"];
}

def HoistGathersPass : ExactPass<"tensel-hoist-gathers", "::mlir::ModuleOp"> {
  let summary = "Picks rows before what is computed row by row.";
  let description = [{
    gather_nd(f(x), i) becomes f(gather_nd(x, i)) where f computes each row of its result from that row of x alone (elementwise ops, reductions of
    later dims, products with a matrix) and nothing else reads f(x). Numeric class: exact.
  }];
  let dependentDialects = ["::tensel::graph::GraphDialect"];
}

def PackConstantsPass : ExactPass<"tensel-pack-constants", "::mlir::ModuleOp"> {
  let summary = "Stores the weights of matrix products in blocks of columns, as kernels read them.";
  let description = [{
    matmul(x, w) becomes blocked_matmul(x, blocks of w) where all uses of the weight are right sides of matrix products and take it alike.
    The blocks are graph code for constant folding to evaluate. Numeric class: exact (each sum has the same terms in the same order).
  }];
  let dependentDialects = ["::tensel::graph::GraphDialect"];
}

def InferShapesPass : ExactPass<"tensel-infer-shapes", "::mlir::ModuleOp"> {
  let summary = "Makes result types as static as constants and the shape arithmetic of the model allow.";
  let description = [{
    Follows dims as expressions over the graph.symbols and the elements of small integer tensors through shape_of, gather,
    slice, concat, reshape, casts and arithmetic, so that reshapes and expands by computed shapes get known dims.
    Numeric class: exact.
  }];
  let dependentDialects = ["::tensel::graph::GraphDialect"];
}

#endif // TENSEL_PASSES_GRAPH_PASSES_TD
