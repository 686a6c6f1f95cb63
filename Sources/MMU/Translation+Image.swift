import EPTTLB
import Layout

extension Translation {
  /// What a processor remembers of translations, at a moment. Contexts and host pointers are none of it: they follow.
  public struct Image {
    let cache: TranslationCache.Image
    let controls: PagingControls
    let isUser: Bool
    let memoryTypes: MemoryTypes
    let hiddenPage: UInt64
    let references: [UInt32]
    let verdicts: [Slot: Verdicts]
    let eras: Eras
  }

  /// What is remembered now.
  public var image: Image {
    Image(
      cache: cache.image, controls: controls, isUser: isUser, memoryTypes: memoryTypes, hiddenPage: hiddenPage,
      references: references, verdicts: verdicts, eras: eras)
  }

  /// Remembers what this processor, or the one of the same number in another machine, did. Memory, whose index of
  /// structures speaks of the same mappings, is restored too, by whoever calls this.
  public func restore(_ image: Image) {
    cache.restore(image.cache)
    references = image.references
    verdicts = image.verdicts
    memoryTypes = image.memoryTypes
    eras = image.eras
    hiddenPage = image.hiddenPage
    accessOp.pointee = nil
    purgeHostPointers()
    state.pointee.generation &+= 1
    use(image.controls, isUser: image.isUser)
    renumberEras()
  }
}
