// RUN: tensel-opt %s -tensel-reorder-dispatches | FileCheck %s

// Each branch makes much and leaves little: one after the other, only one of the large values is alive at a time.
// CHECK-LABEL: func.func @branches
// CHECK: %[[A:.*]] = task.dispatch @spread(%arg0)
// CHECK: %[[C:.*]] = task.dispatch @fold(%[[A]])
// CHECK: %[[B:.*]] = task.dispatch @spread(%arg1)
// CHECK: %[[D:.*]] = task.dispatch @fold(%[[B]])
// CHECK: task.dispatch @add(%[[C]], %[[D]])
func.func @branches(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {tensel.entry} {
  %a = task.dispatch @spread(%x) {sizes = [array<i64: 0, 4096>]} : (tensor<4xf32>) -> tensor<256x4xf32>
  %b = task.dispatch @spread(%y) {sizes = [array<i64: 0, 4096>]} : (tensor<4xf32>) -> tensor<256x4xf32>
  %c = task.dispatch @fold(%a) {sizes = [array<i64: 0, 16>]} : (tensor<256x4xf32>) -> tensor<4xf32>
  %d = task.dispatch @fold(%b) {sizes = [array<i64: 0, 16>]} : (tensor<256x4xf32>) -> tensor<4xf32>
  %e = task.dispatch @add(%c, %d) {sizes = [array<i64: 0, 16>]} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}

// The branch that needs most goes first, while nothing else is alive; views go along with what they show.
// CHECK-LABEL: func.func @largest_first
// CHECK: task.dispatch @spread(%arg1)
// CHECK: task.alias
// CHECK: task.dispatch @foldFlat
// CHECK: task.dispatch @grow(%arg0)
// CHECK: task.dispatch @join
func.func @largest_first(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> attributes {tensel.entry} {
  %a = task.dispatch @grow(%x) {sizes = [array<i64: 0, 1024>]} : (tensor<4xf32>) -> tensor<64x4xf32>
  %b = task.dispatch @spread(%y) {sizes = [array<i64: 0, 4096>]} : (tensor<4xf32>) -> tensor<256x4xf32>
  %f = task.alias %b : tensor<256x4xf32> -> tensor<1024xf32>
  %c = task.dispatch @foldFlat(%f) {sizes = [array<i64: 0, 16>]} : (tensor<1024xf32>) -> tensor<4xf32>
  %e = task.dispatch @join(%a, %c) {sizes = [array<i64: 0, 16>]} : (tensor<64x4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %e : tensor<4xf32>
}

// Nothing is gained here: what reads both stays where it is.
// CHECK-LABEL: func.func @chain
// CHECK: task.dispatch @fold(%{{.*}})
// CHECK: task.dispatch @add(%{{.*}}, %{{.*}})
// CHECK: task.dispatch @grow(%{{.*}})
// CHECK: task.dispatch @join(%{{.*}}, %{{.*}})
func.func @chain(%x: tensor<4xf32>) -> tensor<4xf32> attributes {tensel.entry} {
  %a = task.dispatch @spread(%x) {sizes = [array<i64: 0, 4096>]} : (tensor<4xf32>) -> tensor<256x4xf32>
  %c = task.dispatch @fold(%a) {sizes = [array<i64: 0, 16>]} : (tensor<256x4xf32>) -> tensor<4xf32>
  %d = task.dispatch @add(%c, %c) {sizes = [array<i64: 0, 16>]} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %e = task.dispatch @grow(%d) {sizes = [array<i64: 0, 1024>]} : (tensor<4xf32>) -> tensor<64x4xf32>
  %f = task.dispatch @join(%e, %c) {sizes = [array<i64: 0, 16>]} : (tensor<64x4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %f : tensor<4xf32>
}

func.func private @spread(tensor<4xf32>, tensor<256x4xf32>) -> tensor<256x4xf32>
func.func private @grow(tensor<4xf32>, tensor<64x4xf32>) -> tensor<64x4xf32>
func.func private @fold(tensor<256x4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func private @foldFlat(tensor<1024xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func private @join(tensor<64x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
func.func private @add(tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
