// Pictures of one's own: the camera, a video, a photograph; and how they get to the network.

const SHOWN = 1280; // pixels of the longer side of what is kept to be looked at
// see input_size in predictor.py
const STRIDE = 32;
const VIDEOS = /\.(3gp|avi|flv|m4v|mkv|mov|mp4|mpe?g|ogv|webm|wmv)$/i;

// As many pixels as a picture like those trained on has at a width; at 0 the picture's own size.
export function inputSize(width, height, asked, { trained, first, enlarged }) {
  if (!asked) return [width, height];
  const limit = asked === first && enlarged ? enlarged : Infinity;
  const like = [asked, Math.max(1, Math.round((asked * trained[1]) / trained[0]))];
  if (width === like[0] && height === like[1]) return like;
  const pixels = like[0] * like[1];
  const factor = Math.sqrt(pixels / (width * height));
  const most = Math.max(1, Math.floor(pixels / STRIDE ** 2));
  return [width, height].map((side) => {
    const strides = Math.round((Math.min(factor, limit) * side) / STRIDE);
    return STRIDE * Math.min(Math.max(1, strides), most);
  });
}

export function isVideo(file) {
  return file.type.startsWith("video/") || VIDEOS.test(file.name);
}

// A JPEG of the size the network takes, as an ArrayBuffer; the server does what enlarging there is.
export async function jpeg(bitmap, size) {
  const width = Math.min(size[0], bitmap.width);
  const height = Math.min(size[1], bitmap.height);
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  return blob.arrayBuffer();
}

// A running camera or video.
export class Feed {
  constructor(video, end) {
    this.video = video;
    this.end = end;
    this.waiting = false;
  }

  // the picture it shows now, as an ImageBitmap
  grab() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const factor = Math.min(1, SHOWN / Math.max(width, height));
    return createImageBitmap(this.video, {
      resizeWidth: Math.max(1, Math.round(factor * width)),
      resizeHeight: Math.max(1, Math.round(factor * height)),
      resizeQuality: "medium",
    });
  }

  // calls once when there is another picture
  next(done) {
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(done);
    else setTimeout(done, 33);
  }
}

function quietVideo() {
  return Object.assign(document.createElement("video"), { muted: true, playsInline: true });
}

// lost: called when the camera goes away
export async function openCamera(lost) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error(
      `Browsers give the camera only to pages of this computer (http://localhost:${location.port}) ` +
        "or over https. On the computer with the camera start bisenet demo there, or put https " +
        "in front of this address. Photos and videos work here too.",
    );
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: { ideal: "environment" } },
    });
  } catch (error) {
    throw new Error(cameraTrouble(error));
  }
  const video = quietVideo();
  video.srcObject = stream;
  await video.play();
  const tracks = stream.getTracks();
  tracks.forEach((track) => (track.onended = lost)); // not called for stop()
  return new Feed(video, () => tracks.forEach((track) => track.stop()));
}

function cameraTrouble(error) {
  const what = {
    NotAllowedError:
      "The browser did not give this page the camera. Allow it: the camera or lock sign beside " +
      "the address, Camera, Allow. Then choose Camera again.",
    NotFoundError:
      "No camera was found. Connect one and choose Camera again, or drop a photo or a video on " +
      "this page.",
    NotReadableError:
      "The camera is there, but gives no picture; another program may have it. Close that, and " +
      "choose Camera again.",
  };
  return what[error.name] ?? `The camera could not be opened (${error.name}: ${error.message}).`;
}

export async function openVideo(file) {
  const video = Object.assign(quietVideo(), { loop: true, src: URL.createObjectURL(file) });
  const end = () => {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(address);
  };
  const address = video.src;
  try {
    await new Promise((done, failed) => {
      video.onloadeddata = done;
      video.onerror = failed;
    });
    if (!video.videoWidth) throw new Error("sound only");
    await video.play();
  } catch {
    end();
    throw new Error(
      `${file.name}: this browser cannot play it: it is damaged, or in a coding the browser does ` +
        "not have. On the command line, bisenet predict MODEL VIDEO --output DIR reads more kinds.",
    );
  }
  return new Feed(video, end);
}
