/// What a chipset lets become of accesses to the RAM from C0000h to FFFFFh, a bit for each page of 4 KiB, the lowest first
/// (82441FX, "PAM[6:0]—Programmable Attribute Map Registers").
@frozen public struct AttributeMap: Equatable, Sendable {
  /// Where it begins.
  public static let start: UInt64 = 0xC_0000
  /// Where it ends.
  public static let end: UInt64 = 0x10_0000
  /// All of it.
  public static let range = start..<end

  /// Pages where reads are RAM's; elsewhere they are the ROM's.
  public var readable: UInt64 = ~0
  /// Pages where writes are RAM's; elsewhere they are lost.
  public var writable: UInt64 = ~0

  /// RAM throughout.
  public init() {}

  /// Pages that do not simply behave as RAM.
  var special: UInt64 { ~(readable & writable) }

  /// Says what becomes of accesses to some addresses, which begin and end with a page.
  public mutating func set(_ range: Range<UInt64>, isReadable: Bool, isWritable: Bool) {
    for page in stride(from: range.lowerBound, to: range.upperBound, by: 0x1000) where Self.range.contains(page) {
      let bit: UInt64 = 1 << ((page - Self.start) >> 12)
      readable = isReadable ? readable | bit : readable & ~bit
      writable = isWritable ? writable | bit : writable & ~bit
    }
  }
}
