// Kernels end in the LLVM dialect; other functions stay as they are.
// RUN: tensel-opt %s -tensel-lower-kernel-to-llvm | FileCheck %s

// CHECK-LABEL: llvm.func @kernel(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
func.func @kernel(%closure: !llvm.ptr, %begin: i64, %end: i64) attributes {tensel.kernel} {
  // CHECK-NOT: scf.for
  // CHECK: llvm.fadd
  %a = llvm.load %closure : !llvm.ptr -> !llvm.ptr
  %from = arith.index_cast %begin : i64 to index
  %to = arith.index_cast %end : i64 to index
  %c1 = arith.constant 1 : index
  scf.for %i = %from to %to step %c1 {
    %x = llvm.load %a : !llvm.ptr -> f32
    %y = arith.addf %x, %x : f32
    llvm.store %y, %a : f32, !llvm.ptr
  }
  return
}

// Functions that MLIR approximates over a part of their range only are arithmetic of ours; what is left to libm is a call.
// CHECK-LABEL: llvm.func @functions
func.func @functions(%a: !llvm.ptr, %x: f32) attributes {tensel.kernel} {
  // CHECK-NOT: llvm.call @expf
  // CHECK-NOT: llvm.intr.exp
  // CHECK-NOT: llvm.intr.sin
  %0 = math.exp %x : f32
  %1 = math.sin %0 : f32
  // CHECK: llvm.intr.atan
  %2 = math.atan %1 : f32
  llvm.store %2, %a : f32, !llvm.ptr
  return
}

// CHECK-LABEL: func.func @host
func.func @host(%a: f32) -> f32 {
  // CHECK: arith.addf
  %0 = arith.addf %a, %a : f32
  return %0 : f32
}
