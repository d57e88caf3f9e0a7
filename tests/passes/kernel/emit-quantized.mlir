// RUN: tensel-opt %s -pass-pipeline='builtin.module(func.func(tensel-emit-quantized{vector-bits=512 dot-products=true}))' | FileCheck %s --check-prefixes=CHECK,VNNI,NEAR
// RUN: tensel-opt %s -pass-pipeline='builtin.module(func.func(tensel-emit-quantized{vector-bits=512 dot-products=true past-caches=true}))' | FileCheck %s --check-prefixes=CHECK,VNNI,FAR
// RUN: tensel-opt %s -pass-pipeline='builtin.module(func.func(tensel-emit-quantized{vector-bits=512}))' | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: tensel-opt %s -pass-pipeline='builtin.module(func.func(tensel-emit-quantized))' | FileCheck %s --check-prefixes=CHECK,NARROW
// Products of rounded rows and packed weights are loops over registers.

// CHECK-LABEL: func.func @rows
func.func @rows(%x: tensor<?x64xf32>, %q: tensor<?x64xi8>, %s: tensor<?x2xf32>, %m: tensor<?x4xf32>)
    -> (tensor<?x64xi8>, tensor<?x2xf32>, tensor<?x4xf32>) attributes {tensel.kernel, tensel.num_outs = 3 : i64} {
  // CHECK: scf.for
  // CHECK: vector.reduction <maxui>
  // CHECK: math.roundeven
  // CHECK: vector.store {{.*}} : memref<?xi8>, vector<32xi8>
  // CHECK-COUNT-2: vector.reduction <add>, {{.*}} : vector<16xi32> into i32
  // CHECK: tensel.parallel
  %0:3 = graph.quantize_rows %x {bits = 8 : i64, group = 16 : i64} : (tensor<?x64xf32>) -> (tensor<?x64xi8>, tensor<?x2xf32>, tensor<?x4xf32>)
  return %0#0, %0#1, %0#2 : tensor<?x64xi8>, tensor<?x2xf32>, tensor<?x4xf32>
}

// Rows of 16 bits have one scale: the largest magnitude of a row is found first, and sums stay integers.
// CHECK-LABEL: func.func @wide_rows
func.func @wide_rows(%x: tensor<?x64xf32>, %q: tensor<?x128xi8>, %s: tensor<?x1xf32>, %m: tensor<?x2xf32>)
    -> (tensor<?x128xi8>, tensor<?x1xf32>, tensor<?x2xf32>) attributes {tensel.kernel, tensel.num_outs = 3 : i64} {
  // CHECK: scf.for
  // CHECK: arith.maxui {{.*}} : vector<32xi32>
  // CHECK: vector.reduction <maxui>
  // CHECK: %[[SCALE:.*]] = arith.divf
  // CHECK: memref.store %[[SCALE]]
  // CHECK: scf.for
  // CHECK: math.roundeven
  // CHECK: %[[SUM:.*]] = arith.sitofp
  // CHECK-NEXT: memref.store %[[SUM]]
  %0:3 = graph.quantize_rows %x {bits = 16 : i64, group = 32 : i64} : (tensor<?x64xf32>) -> (tensor<?x128xi8>, tensor<?x1xf32>, tensor<?x2xf32>)
  return %0#0, %0#1, %0#2 : tensor<?x128xi8>, tensor<?x1xf32>, tensor<?x2xf32>
}

// One row: 8 vectors of codes, each met by four bytes of the row; two factors a block.
// CHECK-LABEL: func.func @one
func.func @one(%q: tensor<1x64xi8>, %s: tensor<1x2xf32>, %m: tensor<1x2xf32>, %w: tensor<2x640xi8>, %o: tensor<1x32xf32>)
    -> tensor<1x32xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  // NEAR: memref.prefetch {{.*}} locality<3>
  // FAR: memref.prefetch {{.*}} locality<0>
  // VNNI: vector.load {{.*}} vector<64xi8>
  // VNNI-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
  // WIDE-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.pmaddubs.w.512"
  // WIDE: llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
  // WIDE-NOT: pmaddw
  // NARROW: vector.load {{.*}} vector<32xi8>
  // NARROW-COUNT-8: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
  // NARROW: llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
  // CHECK: arith.sitofp
  // CHECK-COUNT-2: vector.fma
  // CHECK: vector.store {{.*}} : memref<32xf32
  %0 = graph.block_matmul "q4_1" %q, %s, %m, %w {columns = 32 : i64}
    : (tensor<1x64xi8>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<2x640xi8>) -> tensor<1x32xf32>
  return %0 : tensor<1x32xf32>
}

// Rows of 16 bits: a sum over their high bytes and one over the low ones, which meet when both are there.
// CHECK-LABEL: func.func @wide
func.func @wide(%q: tensor<1x64xi8>, %s: tensor<1x1xf32>, %m: tensor<1x1xf32>, %w: tensor<1x320xi8>, %o: tensor<1x16xf32>)
    -> tensor<1x16xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  // VNNI-COUNT-16: vpdpbusd
  // VNNI-NOT: vpdpbusd
  // VNNI: arith.shli
  // VNNI-NEXT: arith.addi
  %0 = graph.block_matmul "q4_1" %q, %s, %m, %w {columns = 16 : i64}
    : (tensor<1x64xi8>, tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x320xi8>) -> tensor<1x16xf32>
  return %0 : tensor<1x16xf32>
}

// Codes of eight bits are taken as nibbles where sums of pairs would not fit 16 bits; columns past the edge are not stored.
// CHECK-LABEL: func.func @bytes
func.func @bytes(%q: tensor<1x32xi8>, %s: tensor<1x1xf32>, %m: tensor<1x1xf32>, %w: tensor<1x544xi8>, %o: tensor<1x5xf32>)
    -> tensor<1x5xf32> attributes {tensel.kernel, tensel.num_outs = 1 : i64} {
  // WIDE-COUNT-16: pmaddubs
  // VNNI-NOT: pmaddubs
  // CHECK: vector.maskedstore
  %0 = graph.block_matmul "q8_0" %q, %s, %m, %w {columns = 5 : i64}
    : (tensor<1x32xi8>, tensor<1x1xf32>, tensor<1x1xf32>, tensor<1x544xi8>) -> tensor<1x5xf32>
  return %0 : tensor<1x5xf32>
}
