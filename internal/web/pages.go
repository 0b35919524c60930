package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// maxPage is the weight, in bytes, above which a page is a fault: something is listed that should be paged.
const maxPage = 150 << 10

// Page is what stands round a page's own content. The data of a page embeds it where it has anything to say.
type Page struct {
	Workspace  string   // the workspace's name; "" where none is known
	Person     string   // who is signed in, as the plain layout's header shows it; "" for nobody
	Switch     bool     // who is signed in may go on to another workspace without signing in again
	Problem    bool     // something has to be corrected: the title says so
	Scripted   bool     // the page has parts that script makes work, see drawbridge.js
	FormAction []string // origins that the page's forms may lead to besides the bridge, see Render
}

func (p Page) surround() Page { return p }

// view is what a layout sees. Its content sees Data alone.
type view struct {
	Page
	Data any
}

// Pages renders every page.
//
// A page is a file NAME.html that defines "title" and "main" and ends with the layout that it wants:
// {{template "stranger" .}}, a card with one thing to do, or {{template "plain" .}}, a narrow page with a header for
// who is signed in. "main" begins with the page's only h1 and sees the data that Render was given. Files named
// NAME.part.html define partials for all pages of their package.
//
// Templates have the functions t (a catalogue key and its arguments), path (an absolute path of ours, with the public
// URL's prefix) and asset (a static file). Addresses in a page's data stand as the browser gets them.
type Pages struct {
	catalogue *Catalogue
	assets    *assets
	prefix    string
	pages     map[string]*template.Template
	spare     string // rendered once; holds spareReference where the reference goes
}

// NewPages parses the frame's templates and those in more, one file system per package with its files at the root.
// Every fault that can be known before a page is asked for is an error here: an unknown catalogue key, a name taken
// twice, a missing definition, a template that cannot be escaped.
func NewPages(public *url.URL, catalogue *Catalogue, more ...fs.FS) (*Pages, error) {
	static, err := fs.Sub(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	p := &Pages{catalogue: catalogue, prefix: strings.TrimSuffix(public.EscapedPath(), "/"), pages: map[string]*template.Template{}}
	if p.assets, err = loadAssets(static); err != nil {
		return nil, err
	}
	own, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		return nil, err
	}
	base, err := template.New("").Funcs(p.functions()).ParseFS(own, "*.part.html")
	if err != nil {
		return nil, err
	}
	for _, files := range append([]fs.FS{own}, more...) {
		if err := p.load(base, files); err != nil {
			return nil, err
		}
	}
	p.spare, err = p.renderSpare()
	return p, err
}

func (p *Pages) functions() template.FuncMap {
	return template.FuncMap{
		"t":     p.catalogue.T,
		"path":  p.Path,
		"asset": p.assetPath,
	}
}

// load adds the pages of one package to the base of layouts and partials that all packages share.
func (p *Pages) load(base *template.Template, files fs.FS) error {
	shared, err := base.Clone()
	if err != nil {
		return err
	}
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return err
	}
	var pages []string
	for _, name := range names {
		if !strings.HasSuffix(name, ".part.html") {
			pages = append(pages, name)
			continue
		}
		if _, err := shared.ParseFS(files, name); err != nil {
			return err
		}
	}
	for _, name := range pages {
		if err := p.addPage(shared, files, name); err != nil {
			return fmt.Errorf("page %s: %w", name, err)
		}
	}
	return nil
}

func (p *Pages) addPage(shared *template.Template, files fs.FS, file string) error {
	name := strings.TrimSuffix(file, ".html")
	if _, twice := p.pages[name]; twice {
		return errors.New("another page has this name")
	}
	set, err := shared.Clone()
	if err != nil {
		return err
	}
	if set, err = set.ParseFS(files, file); err != nil {
		return err
	}
	for _, part := range []string{"title", "main"} {
		if set.Lookup(part) == nil {
			return fmt.Errorf("defines no %q", part)
		}
	}
	if err := checkKeys(set, p.catalogue); err != nil {
		return err
	}
	page := set.Lookup(file)
	// Templates are escaped when first executed. Without data most fail after that, which is no fault.
	var unsafe *template.Error
	if err := page.Execute(io.Discard, view{}); errors.As(err, &unsafe) {
		return unsafe
	}
	p.pages[name] = page
	return nil
}

// Path is an absolute path of the bridge as browsers need it: with the path of the public URL before it.
func (p *Pages) Path(local string) string { return p.prefix + local }

// Texts is the catalogue that the pages speak from.
func (p *Pages) Texts() *Catalogue { return p.catalogue }

func (p *Pages) assetPath(name string) (string, error) {
	hashed, ok := p.assets.hashed[name]
	if !ok {
		return "", fmt.Errorf("no static file %s", name)
	}
	return p.Path("/static/" + hashed), nil
}

// Register registers the static files that pages refer to.
func (p *Pages) Register(people *Registrar) {
	people.Get("/static/{file}", p.assets.serve)
}

// Render answers with a page, or returns an error having written nothing.
//
// Where the data embeds a [Page] with FormAction, the page's forms may lead there too. Chromium applies form-action to
// every redirect that a sent form meets, so a form answered by 303 to an identity provider needs the provider's origin,
// or "https:" where providers redirect further or must not be listed.
func (p *Pages) Render(w http.ResponseWriter, _ *http.Request, status int, name string, data any) error {
	v := view{Data: data}
	if framed, ok := data.(interface{ surround() Page }); ok {
		v.Page = framed.surround()
	}
	policy, err := pagePolicy(v.Page)
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	body, err := p.execute(name, v)
	if err != nil {
		return err
	}
	writePage(w, status, policy, body)
	return nil
}

func (p *Pages) execute(name string, v view) ([]byte, error) {
	page, ok := p.pages[name]
	if !ok {
		return nil, fmt.Errorf("no page %q", name)
	}
	var body bytes.Buffer
	if err := page.Execute(&body, v); err != nil {
		return nil, fmt.Errorf("page %s: %w", name, err)
	}
	if body.Len() > maxPage {
		return nil, fmt.Errorf("page %s: %d bytes, at most %d", name, body.Len(), maxPage)
	}
	return body.Bytes(), nil
}

// writePage sends a whole page. Its referrer policy is same-origin rather than the default no-referrer, under which
// browsers send forms with "Origin: null" and the cross-site check would refuse some of our own.
func writePage(w http.ResponseWriter, status int, policy string, body []byte) {
	h := w.Header()
	for _, left := range []string{"Content-Encoding", "Etag", "Last-Modified"} {
		h.Del(left) // of an answer that was begun and given up
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away needs no answer
}
