// What eslint looks for in the page (nginx/dashboard) and in the tests: faults,
// not layout.  Run by ./dev lint.
import js from '@eslint/js';

const names = (text) => Object.fromEntries(text.split(/\s+/).map((name) => [name, 'readonly']));

const anywhere = `AbortController AbortSignal atob btoa clearInterval clearTimeout console
    crypto fetch FormData Headers performance queueMicrotask Request Response setInterval
    setTimeout structuredClone TextDecoder TextEncoder URL URLSearchParams`;
const page = `addEventListener BroadcastChannel CSS dispatchEvent document Event getComputedStyle
    history HTMLElement innerWidth Intl localStorage location matchMedia MouseEvent
    MutationObserver navigator Node removeEventListener scrollTo sessionStorage window`;
const node = 'Buffer global globalThis process setImmediate';

export default [
	{ ignores: ['build*/', 'var/', 'node_modules/'] },
	js.configs.recommended,
	{
		languageOptions: { ecmaVersion: 2022, sourceType: 'module' },
		linterOptions: { reportUnusedDisableDirectives: 'error' },
		rules: {
			'array-callback-return': 'error',
			// A NUL is what some tests are about.
			'no-control-regex': 'off',
			'eqeqeq': 'error',
			'no-constructor-return': 'error',
			'no-eval': 'error',
			'no-implied-eval': 'error',
			'no-new-func': 'error',
			'no-self-compare': 'error',
			'no-template-curly-in-string': 'error',
			'no-unreachable-loop': 'error',
			'no-unused-expressions': 'error',
			'no-unused-vars': ['error', { ignoreRestSiblings: true }],
			'no-use-before-define': ['error', { functions: false, classes: false, variables: false }],
			'no-var': 'error',
			'object-shorthand': 'error',
			'prefer-const': 'error',
		},
	},
	{
		files: ['nginx/dashboard/**'],
		languageOptions: { globals: names(`${anywhere} ${page}`) },
		rules: {
			'no-restricted-properties': ['error',
				...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map((property) => ({
					property, message: 'Text from outside must never be read as HTML.',
				}))],
		},
	},
	{
		files: ['tests/**', 'src/text/*.mjs', '*.js'],
		languageOptions: { globals: names(`${anywhere} ${node}`) },
	},
	{
		// These hand functions to the browser that they drive.
		files: ['tests/browser/**'],
		languageOptions: { globals: names(page) },
	},
];
