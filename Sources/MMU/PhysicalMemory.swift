import EPTTLB

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Told when a store hits bytes that instructions were decoded from.
public protocol CodeObserver: AnyObject {
  /// Granules (bit i: bytes 64i to 64i+63) of a page, all of them marked as code, have been written.
  func codeWritten(page: UInt64, granules: UInt64)
}

/// Told when a store hits a watched page.
public protocol PageObserver: AnyObject {
  /// A page has been written, or a part of one, from an address on.
  ///
  /// - Parameter isFlag: a walk has set accessed or dirty flags.
  func watchedPageWritten(_ address: PhysicalAddress, bytes: UInt64, _ writer: Writer, isFlag: Bool)
}

/// Registers or memory of a device, in physical address space.
public protocol MemoryMappedDevice: AnyObject {
  /// Reads 1 to 8 bytes.
  func read(_ address: PhysicalAddress, bytes: Int) -> UInt64
  /// Writes 1 to 8 bytes.
  func write(_ address: PhysicalAddress, _ value: UInt64, bytes: Int)
}

/// A machine's physical memory: RAM from address 0, with a hole for devices below 4 GiB; all ones where nothing lies.
///
/// There is one store function for every writer, `stored(_:_:)` behind `write`; a writer that stores through a host
/// pointer only gets one for pages in which no granule is marked.
public final class PhysicalMemory {
  /// What is known of a page of RAM.
  @frozen public struct Page {
    /// 64-byte granules that decoded instructions came from.
    public var codeGranules: UInt64 = 0
    /// 64-byte granules that the structure entries of live mappings lie in.
    public var structureGranules: UInt64 = 0
    /// May differ from zero: has been written, or a host pointer to write it was given out.
    public var isTouched = false
    /// May differ from what the last snapshot says: it is in `changed`.
    public var isChanged = false
    /// Some processor may hold a host pointer to write it.
    public var hasWriter = false
    /// Stores are reported to `pageObserver`.
    public var isWatched = false
    /// A table that a processor whose policy speculates may read at any time.
    public var isTable = false
    /// What is stored there is not what is read: a chipset hides or protects it.
    public var isSpecial = false
    /// A device answers in its place, for loads and stores.
    public var isDevice = false
    /// Some processor may hold a host pointer that reads zeros in its place.
    public var isReadAsZeros = false

    /// Host pointers may write the page: no store to it need be seen.
    @inlinable public var mayHaveWriter: Bool {
      codeGranules | structureGranules == 0 && !isTable && !isWatched && !isSpecial && !isDevice
    }
  }

  /// Bytes of RAM, a multiple of 4 KiB.
  public let size: UInt64
  /// RAM lies below this address, and the rest of it from 4 GiB on.
  public let lowEnd: UInt64
  /// End of all RAM.
  public let highEnd: UInt64
  /// The most that lies below 4 GiB.
  public static let holeStart: UInt64 = 0xC000_0000
  /// Host address of physical address 0.
  public let base: UnsafeMutableRawPointer
  /// A `Page` for each page of RAM.
  public let pages: UnsafeMutablePointer<Page>
  /// Who keeps decoded instructions; it takes itself off before it goes, as does the next one.
  public unowned(unsafe) var codeObserver: (any CodeObserver)?
  /// Told of stores to watched pages.
  public var pageObserver: (any PageObserver)?
  /// Who writes: set by whoever is about to run or to store.
  public var writer = Writer.monitor
  /// Every processor's way to memory, by number.
  var translations: [Unmanaged<Translation>?] = []
  /// Which mappings came from the marked structure granules.
  let structures = StructureIndex()
  /// Where RAM lies on the host; `base` is a mapping of it.
  let file: RAMFile
  /// A page of zeros, which nobody can write.
  public let zeros: UnsafeMutableRawPointer
  /// What RAM was at the last snapshot taken or restored, but for the pages in `changed`.
  var map: PageMap
  /// Numbers of the pages with `isChanged`.
  var changed: [UInt32] = []
  /// No snapshot was taken: RAM is the file's first part itself.
  var isShared: Bool
  /// What a fork was made from; its RAM may be mapped from there.
  private let origin: PageMap?
  /// Some processor's policy is `speculate`; and it is speculating just now.
  @usableFromInline var speculates = false
  var isSpeculating = false
  /// By page, the paging-structure-cache entries of speculating processors that name a table there.
  var tableReaders: [UInt64: [TableReader]] = [:]

  /// Devices, where RAM does not lie.
  private var devices: [(range: Range<UInt64>, device: any MemoryMappedDevice)] = []

  /// Read where RAM does not lie; writes are lost. Firmware ends at 4 GiB.
  var rom: ROM?

  /// What becomes of accesses from C0000h to FFFFFh.
  public internal(set) var attributes = AttributeMap()
  /// RAM's own bytes in pages there whose reads are the ROM's, by page from C0000h on.
  var hidden: [Int: [UInt8]] = [:]
  /// Where a device answers in place of RAM.
  var window: (range: Range<UInt64>, device: any MemoryMappedDevice)?

  /// A ROM; machines may share it.
  final class ROM {
    let start: UInt64
    let bytes: UnsafeMutableRawBufferPointer

    init(_ source: [UInt8], at start: UInt64) {
      self.start = start
      bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 4096)
      bytes.copyBytes(from: source)
    }

    deinit { bytes.deallocate() }
  }

  /// Why memory could not be had.
  public struct Failure: Error, CustomStringConvertible, Sendable {
    /// Bytes asked for.
    public let size: UInt64
    /// One line.
    public var description: String { "the host has no room for \(size >> 20) MiB of guest memory" }
  }

  /// RAM of zeros; pages the guest never touches cost the host nothing.
  public convenience init(size: UInt64) throws(Failure) { try self.init(size: size, file: nil, map: nil) }

  /// RAM of zeros in a file of its own, or what a map says of a file that there is.
  init(size: UInt64, file known: RAMFile?, map: PageMap?) throws(Failure) {
    self.size = size & ~0xFFF
    lowEnd = min(self.size, PhysicalMemory.holeStart)
    let (end, overflow) = (1 << 32 as UInt64).addingReportingOverflow(self.size - lowEnd)
    guard !overflow, end < 1 << 44 else { throw Failure(size: size) }
    highEnd = self.size > lowEnd ? end : lowEnd
    // Host addresses are linear in physical ones; the hole costs address space only.
    let pageCount = Int(truncatingIfNeeded: highEnd >> 12)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard pageCount > 0, let file = known ?? RAMFile(bytes: pageCount << 12),
      let base = file.map(at: nil, bytes: pageCount << 12, offset: 0, isShared: known == nil),
      let table = mmap(nil, pageCount * MemoryLayout<Page>.stride, PROT_READ | PROT_WRITE, flags, -1, 0),
      table != MAP_FAILED, let zeros = mmap(nil, 0x1000, PROT_READ, flags, -1, 0), zeros != MAP_FAILED
    else { throw Failure(size: size) }
    self.file = file
    self.base = base
    self.zeros = zeros
    self.map = map ?? PageMap(pages: pageCount)
    origin = map
    isShared = known == nil
    pages = table.bindMemory(to: Page.self, capacity: pageCount)
  }

  /// Puts a device where RAM does not lie.
  public func attach(_ device: any MemoryMappedDevice, at range: Range<UInt64>) { devices.append((range, device)) }

  private func device(_ address: PhysicalAddress) -> (any MemoryMappedDevice)? {
    devices.first { $0.range.contains(address.value) }?.device
  }

  /// Puts a ROM behind RAM; there is one.
  public func setROM(_ bytes: [UInt8], at start: UInt64) {
    // Processors may hold host pointers into the one that is there: the same bytes stay where they are.
    if let rom, rom.start == start, rom.bytes.elementsEqual(bytes) { return }
    rom = ROM(bytes, at: start)
  }

  /// Host address of bytes of RAM or ROM that can be read in one piece; nil elsewhere.
  public func host(_ address: PhysicalAddress, bytes: UInt64) -> UnsafeMutableRawPointer? {
    if isRAM(address, bytes: bytes) { return base + Int(address.value) }
    guard let rom, address.value >= rom.start, let first = rom.bytes.baseAddress else { return nil }
    let offset = address.value - rom.start
    guard offset < rom.bytes.count, bytes <= UInt64(rom.bytes.count) - offset else { return nil }
    return first + Int(offset)
  }

  deinit {
    munmap(base, Int(highEnd))
    munmap(zeros, 0x1000)
    munmap(pages, Int(highEnd >> 12) * MemoryLayout<Page>.stride)
  }

  /// Whether bytes lie in RAM.
  @inlinable public func isRAM(_ address: PhysicalAddress, bytes: UInt64) -> Bool {
    let end = address.value < lowEnd ? lowEnd : highEnd
    return address.value < end && bytes <= end - address.value && (end == lowEnd || address.value >= 1 << 32)
  }

  /// What is known of a page of RAM.
  @inlinable func page(of address: PhysicalAddress) -> UnsafeMutablePointer<Page> {
    pages + Int(truncatingIfNeeded: address.value >> 12)
  }

  // MARK: Access

  /// Reads a little-endian value; where nothing lies, all ones.
  @inlinable public func read<T: FixedWidthInteger & UnsignedInteger>(_ address: PhysicalAddress, as: T.Type) -> T {
    if isRAM(address, bytes: UInt64(T.bitWidth / 8)) { return (base + Int(address.value)).loadUnaligned(as: T.self) }
    var value = T.max
    withUnsafeMutableBytes(of: &value) { read(address, into: $0) }
    return value
  }

  /// Writes a little-endian value; beyond RAM nothing happens.
  @inlinable public func write<T: FixedWidthInteger & UnsignedInteger>(_ address: PhysicalAddress, _ value: T) {
    let bytes = UInt64(T.bitWidth / 8)
    guard isRAM(address, bytes: bytes), !speculates, !mayBeSpecial(address, bytes: bytes) else {
      withUnsafeBytes(of: value) { write(address, $0) }
      return
    }
    (base + Int(address.value)).storeBytes(of: value, as: T.self)
    stored(address, bytes: bytes)
  }

  /// Copies bytes in, to RAM or a device; where nothing lies they are lost.
  public func write(_ address: PhysicalAddress, _ source: UnsafeRawBufferPointer) {
    guard isRAM(address, bytes: 1) else { return writeDevice(address, source) }
    guard !mayBeSpecial(address, bytes: UInt64(source.count)) else { return writeSpecial(address, source) }
    writeRAM(address, source)
  }

  /// Copies bytes in, from an address in RAM on.
  func writeRAM(_ address: PhysicalAddress, _ source: UnsafeRawBufferPointer) {
    guard let first = source.baseAddress else { return }
    let end = address.value < lowEnd ? lowEnd : highEnd
    let count = min(UInt64(source.count), end - address.value)
    if speculates { willStore(address, bytes: count) }
    (base + Int(address.value)).copyMemory(from: first, byteCount: Int(count))
    stored(address, bytes: count)
  }

  /// A device sees accesses of at most 8 bytes; a wider one is several.
  private func writeDevice(_ address: PhysicalAddress, _ source: UnsafeRawBufferPointer) {
    guard let device = device(address) else { return }
    write(device, address, source)
  }

  func write(_ device: any MemoryMappedDevice, _ address: PhysicalAddress, _ source: UnsafeRawBufferPointer) {
    for start in stride(from: 0, to: source.count, by: 8) {
      let part = source[start..<min(start + 8, source.count)]
      var value: UInt64 = 0
      withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: part) }
      device.write(PhysicalAddress(address.value &+ UInt64(start)), value, bytes: part.count)
    }
  }

  func read(
    _ device: any MemoryMappedDevice, _ address: PhysicalAddress, into target: UnsafeMutableRawBufferPointer
  ) {
    for start in stride(from: 0, to: target.count, by: 8) {
      let part = UnsafeMutableRawBufferPointer(rebasing: target[start..<min(start + 8, target.count)])
      let value = device.read(PhysicalAddress(address.value &+ UInt64(start)), bytes: part.count)
      withUnsafeBytes(of: value) { part.copyBytes(from: $0.prefix(part.count)) }
    }
  }

  /// Copies bytes out, of memory or a device; where nothing lies they are all ones.
  public func read(_ address: PhysicalAddress, into target: UnsafeMutableRawBufferPointer) {
    if window != nil, mayBeSpecial(address, bytes: UInt64(target.count)) { return readSpecial(address, into: target) }
    readPlain(address, into: target)
  }

  /// The same where no window is.
  func readPlain(_ address: PhysicalAddress, into target: UnsafeMutableRawBufferPointer) {
    if let first = target.baseAddress, let host = host(address, bytes: UInt64(target.count)) {
      first.copyMemory(from: host, byteCount: target.count)
      return
    }
    if let device = device(address) { return read(device, address, into: target) }
    for index in target.indices {
      let (place, overflow) = address.value.addingReportingOverflow(UInt64(index))
      target[index] = overflow ? 0xFF : host(PhysicalAddress(place), bytes: 1)?.load(as: UInt8.self) ?? 0xFF
    }
  }

  // MARK: Marks

  /// Every store ends here: RAM has changed at these addresses.
  public func stored(_ address: PhysicalAddress, bytes: UInt64) {
    guard bytes > 0 else { return }
    var first = address.value
    let last = address.value + bytes - 1
    while first <= last {
      let end = min(last, first | 0xFFF)
      let page = page(of: PhysicalAddress(first))
      touch(page)
      if page.pointee.isWatched {
        pageObserver?.watchedPageWritten(
          PhysicalAddress(first), bytes: end - first + 1, writer, isFlag: isSpeculating)
      }
      if page.pointee.codeGranules != 0 {
        let hit = page.pointee.codeGranules & granules(from: first & 0xFFF, through: end & 0xFFF)
        if hit != 0 { codeObserver?.codeWritten(page: first & ~0xFFF, granules: hit) }
      }
      if page.pointee.structureGranules != 0 {
        let hit = page.pointee.structureGranules & granules(from: first & 0xFFF, through: end & 0xFFF)
        if hit != 0 { structuresWritten(page: first & ~0xFFF, granules: hit) }
      }
      guard end < .max else { return }
      first = end + 1
    }
  }

  /// A page has changed, or may from now on without being seen.
  @inline(__always) func touch(_ page: UnsafeMutablePointer<Page>) {
    page.pointee.isTouched = true
    if page.pointee.isReadAsZeros { dropZeros(page) }
    guard !page.pointee.isChanged else { return }
    page.pointee.isChanged = true
    changed.append(UInt32(page - pages))
  }

  /// The pages that have changed, or may have without being seen, since this was asked last. For a harness that puts memory
  /// back, takes the host pointers away that write it, and takes no snapshots.
  package func takeChanges() -> [UInt32] {
    for page in changed { pages[Int(page)].isChanged = false }
    defer { changed.removeAll(keepingCapacity: true) }
    return changed
  }

  /// Where a page of RAM or ROM is read from: one that has never been written is read from a page of zeros, and takes no room
  /// in the host. Nil elsewhere.
  func hostForReads(_ address: PhysicalAddress) -> UnsafeMutableRawPointer? {
    guard isRAM(address, bytes: 0x1000) else { return host(address, bytes: 0x1000) }
    let page = page(of: address)
    guard !page.pointee.isTouched, !page.pointee.isSpecial, !page.pointee.isDevice else {
      return base + Int(address.value)
    }
    page.pointee.isReadAsZeros = true
    return zeros
  }

  /// A page that was read as zeros is about to be written, or has been.
  private func dropZeros(_ page: UnsafeMutablePointer<Page>) {
    page.pointee.isReadAsZeros = false
    for translation in translations { translation?.takeUnretainedValue().dropReaders(of: zeros) }
  }

  /// The granules that hold bytes of a page.
  @inlinable public func granules(from first: UInt64, through last: UInt64) -> UInt64 {
    (~0 << (first >> 6)) & (~0 >> (63 - (last >> 6)))
  }

  /// Marks granules that instructions were decoded from: no host pointer may write the page any more.
  public func markCode(page: UInt64, granules: UInt64) {
    guard isRAM(PhysicalAddress(page), bytes: 1) else { return }
    self.page(of: PhysicalAddress(page)).pointee.codeGranules |= granules
    dropWriters(page: page)
  }

  /// Takes every processor's host pointers to write a page away.
  func dropWriters(page: UInt64) {
    let entry = self.page(of: PhysicalAddress(page))
    guard entry.pointee.hasWriter else { return }
    entry.pointee.hasWriter = false
    for translation in translations {
      translation?.takeUnretainedValue().dropWriters(of: base + Int(page))
    }
  }

  /// Has stores to a page of RAM reported, or no longer; results do not depend on it.
  public func watch(page: UInt64, _ isWatched: Bool) {
    guard isRAM(PhysicalAddress(page), bytes: 1) else { return }
    self.page(of: PhysicalAddress(page)).pointee.isWatched = isWatched
    if isWatched { dropWriters(page: page & ~0xFFF) }
  }

  /// Gives a processor's translations the lowest number that is free.
  func attach(_ translation: Translation) -> Int {
    let reference = Unmanaged.passUnretained(translation)
    guard let free = translations.firstIndex(where: { $0 == nil }) else {
      translations.append(reference)
      return translations.count - 1
    }
    translations[free] = reference
    return free
  }

  /// Replaces a page's code marks when instructions decoded from it were dropped.
  public func setCode(page: UInt64, granules: UInt64) {
    guard isRAM(PhysicalAddress(page), bytes: 1) else { return }
    self.page(of: PhysicalAddress(page)).pointee.codeGranules = granules
  }
}
