// A kernel on memrefs becomes a function over a range and a closure, one that counts the range, and a body.
// RUN: tensel-opt %s -tensel-lower-kernel-abi | FileCheck %s

// CHECK-DAG: func.func @scale_count(%{{.*}}: !llvm.ptr) -> i64
// CHECK-DAG: func.func private @scale_body(%{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: !llvm.ptr {llvm.noalias}{{.*}}passthrough = ["noinline"]
// CHECK-DAG: func.func @scale(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
func.func private @scale(%a: memref<?xf32>, %out: memref<?xf32>) attributes {tensel.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %a, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %x = memref.load %a[%i] : memref<?xf32>
    %y = arith.addf %x, %x : f32
    memref.store %y, %out[%i] : memref<?xf32>
  } {tensel.parallel}
  return
}

// A kernel without a parallel loop is one iteration; its memory is taken before it, once a call.
// CHECK-LABEL: func.func private @whole_body(
// CHECK: memref.alloca() : memref<8xf32>
// CHECK: scf.for
// CHECK-NOT: memref.alloca
// CHECK: return
func.func private @whole(%a: memref<8xf32>, %out: memref<8xf32>) attributes {tensel.kernel} {
  %c0 = arith.constant 0 : index
  %t = memref.alloca() : memref<8xf32>
  %x = memref.load %a[%c0] : memref<8xf32>
  memref.store %x, %t[%c0] : memref<8xf32>
  %y = memref.load %t[%c0] : memref<8xf32>
  memref.store %y, %out[%c0] : memref<8xf32>
  return
}
