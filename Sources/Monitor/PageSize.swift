/// Sizes of pages.
package enum PageSize {
  /// 4K, 2M, 4M, 1G.
  package static func text(shift: UInt8) -> String {
    switch shift {
    case 12..<20: "\(1 << (UInt64(shift) - 10))K"
    case 20..<30: "\(1 << (UInt64(shift) - 20))M"
    default: "\(1 << (UInt64(min(shift, 60)) - 30))G"
    }
  }
}
