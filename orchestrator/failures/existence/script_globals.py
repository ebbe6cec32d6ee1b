"""Words that are always there in JavaScript: keywords, globals of browsers and test runners, coming built-ins."""

from __future__ import annotations

_KEYWORDS = """
    as asserts async await case catch constructor delete do else for function get if import in infer instanceof is
    keyof new of readonly require return satisfies set static super switch this throw typeof void while with yield
"""
KEYWORDS = frozenset(_KEYWORDS.split())
"""What may stand before a parenthesis and is no name."""
_GLOBALS = """
    $ $bindable $computed $derived $effect $host $inspect $props $ref $state ActiveXObject Array BigInt Boolean Date
    Error Function GM_getValue Number Object Proxy RegExp String Symbol __dirname __import __non_webpack_require__
    __webpack_require__ addEventListener after afterAll afterEach alert assert assertType atob before beforeAll
    beforeEach bench blur btoa caches cancelAnimationFrame cancelIdleCallback chai clearImmediate clearInterval
    clearTimeout close confirm context createImageBitmap cy decodeURI decodeURIComponent define defineEmits
    defineExpose defineModel defineOptions definePage definePageMeta defineProps defineSlots describe describeEach
    dispatchEvent encodeURI encodeURIComponent escape eval expect expectAssignable expectDeprecated expectError
    expectNotType expectType expectTypeOf fail fdescribe fetch find fit focus ftest ga gc getComputedStyle
    getScreenDetails getSelection gtag importMeta importScripts isFinite isNaN it jQuery jasmine jest load
    matchMedia moveTo nativeScriptError open parseFloat parseInt pending postMessage print prompt queryLocalFonts
    queueMicrotask quit read readline removeEventListener reportError requestAnimationFrame requestIdleCallback
    resizeTo run scroll scrollBy scrollTo setImmediate setInterval setTimeout setup should showDirectoryPicker
    showOpenFilePicker showSaveFilePicker skipWaiting specify spyOn stop structuredClone suite suiteSetup
    suiteTeardown teardown test trustedTypes unescape vi webkitRequestAnimationFrame withDefaults xdescribe xit
    xtest
"""
GLOBALS = frozenset(_GLOBALS.split())
"""Of test runners (mocha, jest, vitest, jasmine, cypress), browsers (lib.dom), workers, compile-time macros."""
_FUTURE = """
    allKeyed asyncDispose at clamp concat dispose escape f16round findLast findLastIndex fromAsync group groupBy
    groupToMap hasOwn isError isRawJSON isWellFormed metadata observable rawJSON sumPrecise toAsync toReversed
    toSorted toSpliced toWellFormed try with withResolvers zip zipKeyed
"""
FUTURE = frozenset(_FUTURE.split())
"""Members that newer engines, or proposals with polyfills, bring to the built-in objects."""
