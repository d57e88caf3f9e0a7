// RUN: tensel-opt %s -tensel-fix-order | FileCheck %s

// A sum over a loop of unknown length becomes 16 sums, which a tree joins; nothing may be reordered any more.
// CHECK-LABEL: func.func @sum
// CHECK: %[[LANES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<16xf32>
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[LANES]]
// CHECK: scf.for %[[FROM:.*]] = %{{.*}} to %{{.*}} step %c16
// CHECK: scf.for %[[LANE:.*]] =
// CHECK: %[[AT:.*]] = arith.addi %[[FROM]], %[[LANE]]
// CHECK: %[[X:.*]] = memref.load %{{.*}}[%[[AT]]]
// CHECK: %[[OLD:.*]] = memref.load %[[LANES]][%[[LANE]]]
// CHECK: %[[NEW:.*]] = math.fma %[[X]], %[[X]], %[[OLD]] : f32
// CHECK: memref.store %[[NEW]], %[[LANES]][%[[LANE]]]
// CHECK: scf.for
// CHECK-COUNT-16: arith.addf %{{[^ ]*}}, %{{[^ ]*}} : f32
// CHECK-NOT: arith.addf
// CHECK: memref.store
func.func @sum(%x: memref<?xf32>, %out: memref<f32>) attributes {tensel.kernel} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %count = memref.dim %x, %zero : memref<?xf32>
  scf.for %k = %zero to %count step %one {
    %a = memref.load %x[%k] : memref<?xf32>
    %old = memref.load %out[] : memref<f32>
    %square = arith.mulf %a, %a fastmath<reassoc,contract> : f32
    %new = arith.addf %old, %square fastmath<reassoc,contract> : f32
    memref.store %new, %out[] : memref<f32>
  }
  return
}

// A short sum keeps its order, term by term.
// CHECK-LABEL: func.func @window
// CHECK-NOT: alloca
// CHECK: arith.addf %{{[^ ]*}}, %{{[^ ]*}} : f32
func.func @window(%x: memref<9xf32>, %out: memref<f32>) attributes {tensel.kernel} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %nine = arith.constant 9 : index
  scf.for %k = %zero to %nine step %one {
    %a = memref.load %x[%k] : memref<9xf32>
    %old = memref.load %out[] : memref<f32>
    %new = arith.addf %a, %old fastmath<reassoc> : f32
    memref.store %new, %out[] : memref<f32>
  }
  return
}
