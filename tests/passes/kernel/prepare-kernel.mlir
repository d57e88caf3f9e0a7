// Two elementwise ops become one; sums may be split by later vectorisation.
// RUN: tensel-opt %s -tensel-prepare-kernel | FileCheck %s
#id = affine_map<(d0) -> (d0)>

// CHECK-LABEL: func.func private @two
func.func private @two(%a: tensor<64xf32>, %out: tensor<64xf32>) -> tensor<64xf32> attributes {tensel.kernel} {
  // CHECK: linalg.generic
  // CHECK: math.exp
  // CHECK: arith.negf
  // CHECK-NOT: linalg.generic
  %e = tensor.empty() : tensor<64xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<64xf32>) outs(%e : tensor<64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = math.exp %x : f32
    linalg.yield %y : f32
  } -> tensor<64xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%0 : tensor<64xf32>) outs(%out : tensor<64xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.negf %x : f32
    linalg.yield %y : f32
  } -> tensor<64xf32>
  return %1 : tensor<64xf32>
}

// CHECK-LABEL: func.func private @sum
func.func private @sum(%a: tensor<8x64xf32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {tensel.kernel} {
  // CHECK: arith.addf {{.*}} fastmath<{{.*}}reassoc
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8xf32>) -> tensor<8xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
      ins(%a : tensor<8x64xf32>) outs(%init : tensor<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.addf %o, %x : f32
    linalg.yield %y : f32
  } -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// What is fused into a sum is computed as it stands; only the sum itself is reordered, and a product not rounded before it is added.
// CHECK-LABEL: func.func private @squares
func.func private @squares(%a: tensor<8x64xf32>, %b: tensor<8x64xf32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {tensel.kernel} {
  // CHECK: %[[DIFFERENCE:.*]] = arith.subf %{{[a-z0-9_]*}}, %{{[a-z0-9_]*}} : f32
  // CHECK: %[[SQUARE:.*]] = arith.mulf %[[DIFFERENCE]], %[[DIFFERENCE]] fastmath<contract> : f32
  // CHECK: arith.addf %{{.*}}, %[[SQUARE]] fastmath<reassoc,contract> : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x64xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<8x64xf32>, tensor<8x64xf32>) outs(%e : tensor<8x64xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %d = arith.subf %x, %y : f32
    %s = arith.mulf %d, %d : f32
    linalg.yield %s : f32
  } -> tensor<8x64xf32>
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8xf32>) -> tensor<8xf32>
  %1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]}
      ins(%0 : tensor<8x64xf32>) outs(%init : tensor<8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %y = arith.addf %o, %x : f32
    linalg.yield %y : f32
  } -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
