/// Something a processor remembers about a translation: a translation proper, or a paging-structure-cache entry.
@frozen public struct CachedEntry {
  /// Structure entries a walk without EPT reads at most (5-level paging).
  public static let maximumSources = 5

  /// What it was built from.
  public var kind: MappingKind
  /// A paging-structure-cache entry: `target` is the next table, not a frame.
  public var isStructure: Bool
  /// Address bits below the page or prefix: 12, 21, 22, 30; for structures 21, 22, 30, 39, 48.
  public var shift: UInt8
  /// Address bits below the page that guest paging maps: more than `shift` when EPT maps that page in smaller pieces, of
  /// which this is one (rule C5).
  public var pageShift: UInt8
  /// Made from a leaf with G set while CR4.PGE was 1: matches any PCID. Never set for structures.
  public var isGlobal: Bool
  /// The leaf's dirty flag when it was cached: a write through a mapping without it walks memory again.
  public var isDirty: Bool
  /// Rights of the path so far.
  public var rights: Rights
  /// Rights that EPT grants along the path; all of them without EPT.
  public var eptRights = EPTRights.all
  /// Of a combined translation, the guest-physical address of its first byte.
  public var guestFrame: UInt64 = 0
  /// Memory type by PAT and MTRRs, or by PAT and EPT, as the PAT encodes it (6: write-back). Of a guest-physical
  /// translation, bits 6:3 of the EPT leaf: its type, and ignore-PAT as bit 3.
  public var memoryType: UInt8
  /// Protection key of the leaf.
  public var protectionKey: UInt8
  /// The APIC-access page when a linear or combined translation was made: whether its page is that is remembered with it
  /// (rule C8). ~0: there was none.
  public var apicAccessPage: UInt64 = ~0
  /// Which address space.
  public var tag: Tag
  /// Linear (or guest-physical) address of its first byte.
  public var prefix: UInt64
  /// Physical address of the frame or of the next table.
  public var target: UInt64
  /// The root it was built from: CR3's table, with PAE paging the PDPTE register, or the whole EPTP.
  public var root: UInt64
  /// The structure entries it came from, topmost first.
  public var sources: InlineArray<5, Source>
  /// How many of them count.
  public var sourceCount: UInt8

  /// An entry; `sources` are added by `append`.
  @inlinable
  public init(
    kind: MappingKind, isStructure: Bool, shift: UInt8, tag: Tag, prefix: UInt64, target: UInt64, rights: Rights,
    root: UInt64, isGlobal: Bool = false, isDirty: Bool = false, memoryType: UInt8 = 6, protectionKey: UInt8 = 0
  ) {
    self.kind = kind
    self.isStructure = isStructure
    self.shift = shift
    self.pageShift = shift
    self.isGlobal = isGlobal
    self.isDirty = isDirty
    self.rights = rights
    self.memoryType = memoryType
    self.protectionKey = protectionKey
    self.tag = tag
    self.prefix = prefix
    self.target = target
    self.root = root
    self.sources = InlineArray(repeating: Source())
    self.sourceCount = 0
  }

  /// Adds a structure entry; more than `maximumSources` cannot come of a walk and are left out.
  @inlinable public mutating func append(_ source: Source) {
    guard Int(sourceCount) < CachedEntry.maximumSources else { return }
    sources[Int(sourceCount)] = source
    sourceCount += 1
  }

  /// Whether an address lies in the page or under the prefix.
  @inlinable public func covers(_ address: UInt64) -> Bool { (address ^ prefix) >> UInt64(shift) == 0 }

  /// One of several translations of a page.
  @inlinable public var isPiece: Bool { !isStructure && pageShift > shift }

  /// Whether an address lies in the page that guest paging maps.
  func isOfPage(_ address: UInt64) -> Bool { (address ^ prefix) >> UInt64(max(shift, pageShift)) == 0 }

  /// The translation of an address it covers.
  @inlinable public func physical(_ address: UInt64) -> UInt64 { target | address & (1 << UInt64(shift) - 1) }
}
