// Passes from a fusion group on tensors (graph ops) to LLVM-dialect functions over a range; their order is KernelPipeline.cpp.
#ifndef TENSEL_PASSES_KERNEL_PASSES_TD
#define TENSEL_PASSES_KERNEL_PASSES_TD

include "passes/NumericPass.td"

def LowerToLinalgPass : ReassociatingPass<"tensel-lower-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "Lowers the graph ops of a kernel function to linalg, tensor, scf, arith and math ops on tensors.";
  let description = [{
    Elementwise and moving ops are computed inside the loops that need them; reductions and contractions become linalg.generic
    ops that write to the kernel's destination arguments. A kernel that is one op with an emitter of its own (`hasOwnKernel`) is left as
    it is. Unsigned element types become signless, in the signature too.
    Arguments whose `graph.dims` name a dim alike have equal dims. Numeric class: reassociates (sums).
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def PrepareKernelPass : ReassociatingPass<"tensel-prepare-kernel", "::mlir::func::FuncOp"> {
  let summary = "Brings a kernel's linalg ops into few linalg.generic ops: named ops generalised, elementwise chains fused.";
  let description = [{
    Numeric class: reassociates (sums and contractions get `reassoc` and `contract`, so that later vectorisation may split them; the
    fusion is exact).
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::affine::AffineDialect"];
}

def EmitQuantizedPass : ReassociatingPass<"tensel-emit-quantized", "::mlir::func::FuncOp"> {
  let summary = "Emits kernels that are one graph.quantize_rows or graph.block_matmul.";
  let description = [{
    Products of rounded rows with packed weights: sums of products of bytes in registers, scaled by block; the nest is drawn in EmitBlockProduct.cpp.
    Other kernels are left alone. Numeric class: reassociates (sums of integers are exact, blocks are added in order).
  }];
  let options = [Option<"vectorBits", "vector-bits", "int64_t", "256", "Width of a vector register: 256 or 512">,
                 Option<"hasDotProducts", "dot-products", "bool", "false", "The processor has AVX512-VNNI">,
                 Option<"pastCaches", "past-caches", "bool", "false", "Weights are larger than caches: they are fetched past those">];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::math::MathDialect",
                           "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::tensel::graph::GraphDialect"];
}

def EmitContractionPass : ReassociatingPass<"tensel-emit-contraction", "::mlir::func::FuncOp"> {
  let summary = "Emits the loop nest of kernels that are one contraction with an elementwise epilogue.";
  let description = [{
    Matrix products, batched or not, with any operand transposed, and convolutions on padded input: everything whose body is `out += a * b`
    with indices that are sums of loop * constant. Register tiles of broadcast-multiply-add over panels packed on the stack; the nest is drawn in
    EmitContraction.cpp. Other kernels are left to `tensel-emit-loops`. Numeric class: reassociates (K is summed in blocks, in order).
  }];
  let options = [Option<"vectorBits", "vector-bits", "int64_t", "256", "Width of a vector register: 256 or 512">];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::affine::AffineDialect"];
}

def EmitAttentionPass : ReassociatingPass<"tensel-emit-attention", "::mlir::func::FuncOp"> {
  let summary = "Emits the loop nest of kernels that are one attention op.";
  let description = [{
    An online softmax over tiles of keys: no more scores exist than those of a block of rows and a tile of keys, and keys that no row of the block
    sees are not read. The nest is drawn in EmitAttention.cpp. Numeric class: reassociates (sums over keys go by tiles, exponentials by a polynomial
    of their own).
  }];
  let options = [Option<"vectorBits", "vector-bits", "int64_t", "256", "Width of a vector register: 256 or 512">,
                 Option<"anyLanes", "any-lanes", "bool", "true", "Sums may run over lanes: their order depends on vector-bits">];
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::affine::AffineDialect"];
}

def EmitLoopsPass : ReassociatingPass<"tensel-emit-loops", "::mlir::func::FuncOp"> {
  let summary = "Turns a kernel on tensors into loops on memrefs, the outermost marked `tensel.parallel`.";
  let description = [{
    The generic way: the op that makes the result is tiled over its outer parallel dims, its producers are fused into that loop,
    temporaries become bounded stack scratch. After it the function takes memrefs, returns nothing, and holds at most one top-level
    `scf.for {tensel.parallel}` from 0 in steps of 1 whose upper bound depends on dims only. Numeric class: reassociates (what
    `reassoc` allows: sums are split into lanes).
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::affine::AffineDialect"];
}

def FixOrderPass : ReassociatingPass<"tensel-fix-order", "::mlir::func::FuncOp"> {
  let summary = "Gives every sum in a kernel's loops one order and every product one rounding, for --bit-exact.";
  let description = [{
    A sum in an innermost loop becomes 16 partial sums and a tree over them; `contract` becomes math.fma; after it no op has fast-math flags,
    so that results do not depend on the width of vectors. What the emitters of contractions, attention and quantized products make has
    that order already: k by k. Numeric class: reassociates.
  }];
  let dependentDialects = ["::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

def LowerKernelAbiPass : ExactPass<"tensel-lower-kernel-abi", "::mlir::ModuleOp"> {
  let summary = "Splits each kernel on memrefs into range, count and body functions over the closure.";
  let description = [{
    `@k(memref...)` becomes `@k(ptr closure, i64 begin, i64 end)`, `@k_count(ptr closure) -> i64` and a private `@k_body` whose pointers are
    `noalias`. The closure holds, per argument, the data pointer and then each dynamic dim. Numeric class: exact.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::memref::MemRefDialect"];
}

def LowerKernelToLLVMPass : ReassociatingPass<"tensel-lower-kernel-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Converts kernel functions, and nothing else in the module, to the LLVM dialect.";
  let description = [{Numeric class: reassociates (exp, log, tanh and their like become polynomials, within a few units of the last place).}];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::cf::ControlFlowDialect", "::mlir::vector::VectorDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::affine::AffineDialect"];
}

#endif // TENSEL_PASSES_KERNEL_PASSES_TD
