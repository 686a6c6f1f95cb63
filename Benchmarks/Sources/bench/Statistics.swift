import Foundation

/// The median and the range of some CPU seconds.
struct Statistics: Encodable {
  let median: Double
  let min: Double
  let max: Double

  /// - Returns: nil when there are no samples.
  init?(_ samples: [Double]) {
    let sorted = samples.sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    let middle = sorted.count / 2
    median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    min = first
    max = last
  }

  /// The geometric mean of the ratios whose guests count for it.
  ///
  /// - Returns: nil when there are none, or, if `complete` is asked for, when one is missing.
  static func geomean(of ratios: [Guest: Double], complete: Bool) -> Double? {
    let wanted = Guest.measured.filter(\.isInMean)
    let found = wanted.compactMap { ratios[$0] }
    guard !found.isEmpty, !complete || found.count == wanted.count else { return nil }
    return exp(found.map { log($0) }.reduce(0, +) / Double(found.count))
  }
}

extension Double {
  /// The number with so many digits after the point.
  func fixed(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
